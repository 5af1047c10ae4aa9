import { answer, api } from "../../shared/api/client";
import type { Post, PostState } from "../../shared/api/schema";
import { usePages } from "../../shared/pages";
import { query } from "../../shared/route";
import type { Column } from "../../shared/table";
import { Choice } from "../../shared/ui/Choice";
import { Form, text } from "../../shared/ui/Form";
import { Listing } from "../../shared/ui/Listing";
import { RegionChoice } from "../../shared/ui/Region";
import { t } from "../../shared/words";
import { POST_STATES } from "../lists";
import { mayEditPosts } from "../rights";
import { Sheet } from "./Sheet";

function columns(): Column<Post>[] {
  return [
    { key: "number", title: t("posts.number"), value: (p) => p.number, number: true },
    { key: "parcel", title: t("case.parcel"), value: (p) => p.parcel, cell: (p) => <span class="code">{p.parcel}</span> },
    { key: "unit", title: t("list.region"), value: (p) => p.unit },
    { key: "place", title: t("posts.place"), value: (p) => p.place },
    {
      key: "state", title: t("case.state"), value: (p) => t(`postState.${p.state}`),
      cell: (p) => <span class={`tag ${p.state === "damaged" ? "warn" : ""}`}>{t(`postState.${p.state}`)}</span>,
    },
    { key: "installed", title: t("posts.installed"), value: (p) => p.installed_on },
    { key: "device", title: t("posts.device"), value: (p) => p.device },
    {
      key: "label", title: t("posts.label"), value: (p) => `/api/v1/posts/${p.number}/label.svg`,
      cell: (p) => (
        <span class="row">
          <a href={`/api/v1/posts/${p.number}/label.svg`} target="_blank" rel="noopener" aria-label={`${p.number} SVG`}>SVG</a>
          <a href={`/api/v1/posts/${p.number}/label.png`} target="_blank" rel="noopener" aria-label={`${p.number} PNG`}>PNG</a>
        </span>
      ),
    },
  ];
}

/** The QR posts (二维码警示桩) with their labels. */
export function Posts() {
  const { region, state } = query.value;
  const by = { ...(region && { region }), ...(state && { state: state as PostState }) };
  const pages = usePages<Post>(`posts ${JSON.stringify(by)}`, (cursor, signal) => {
    const query = { ...by, limit: 50, ...(cursor && { cursor }) };
    return answer(api.GET("/api/v1/posts", { params: { query }, signal }));
  });
  return (
    <main id="main" class="page">
      <h1>{t("nav.posts")}</h1>
      <form class="row filters" role="search" aria-label={t("list.filters")} onSubmit={(e) => e.preventDefault()}>
        <RegionChoice />
        <Choice name="state" label={t("case.state")} options={POST_STATES.map((s) => [s, t(`postState.${s}`)])} />
      </form>
      <Listing
        label={t("nav.posts")} columns={columns()} pages={pages} rowKey={(p) => p.number}
        empty={<><strong>{t("posts.none")}</strong>{t("posts.nonehelp")}</>}
      />
      {mayEditPosts() && <div class="columns"><Register done={() => pages.reload()} /><Sheet /></div>}
    </main>
  );
}

function Register({ done }: { done: () => Promise<void> }) {
  async function send(form: FormData) {
    const body = { parcel: text(form, "parcel"), ...(text(form, "place") && { place: text(form, "place") }) };
    const post = await answer(api.POST("/api/v1/posts", { body }));
    await done();
    return t("posts.added", { n: post.number });
  }
  return (
    <Form title={t("posts.add")} submit={t("app.save")} send={send}>
      <label for="p-parcel">{t("case.parcel")}</label><input id="p-parcel" name="parcel" required minLength={20} maxLength={26} autocomplete="off" />
      <label for="p-place">{t("posts.place")}</label><input id="p-place" name="place" maxLength={200} />
    </Form>
  );
}
