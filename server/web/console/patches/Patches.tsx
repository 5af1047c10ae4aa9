import { answer, api } from "../../shared/api/client";
import type { PatchListed, PatchVerdict } from "../../shared/api/schema";
import { usePages } from "../../shared/pages";
import { query, sortedBy } from "../../shared/route";
import type { Column } from "../../shared/table";
import { Choice } from "../../shared/ui/Choice";
import { Listing } from "../../shared/ui/Listing";
import { RegionChoice } from "../../shared/ui/Region";
import { t } from "../../shared/words";
import { VERDICTS } from "../lists";
import { mayHandInPatches } from "../rights";
import { Batches } from "./Batches";
import { mu } from "./area";
import { PatchPage } from "./PatchPage";

/** Change patches (变化图斑): a satellite's clues, each with what its overlay suggests and the case that it opened. */
export function Patches({ rest }: { rest: string[] }) {
  return rest[0] ? <PatchPage id={rest[0]} /> : <PatchList />;
}

/** What `/api/v1/patches` sorts by. */
const SORTS = ["number", "unit", "area", "farmland", "permanent", "verdict"] as const;

function columns(): Column<PatchListed>[] {
  return [
    { key: "number", title: t("patch.number"), value: (p) => p.number, cell: (p) => <a href={`/console/patches/${p.id}`}>{p.number}</a> },
    { key: "unit", title: t("list.region"), value: (p) => p.unit_name },
    { key: "area", title: t("patch.area"), value: (p) => mu(p.area), number: true },
    { key: "farmland", title: t("patch.farmland"), value: (p) => mu(p.farmland), number: true },
    {
      key: "permanent", title: t("case.permanent"), value: (p) => mu(p.permanent), number: true,
      cell: (p) => (p.permanent > 0 ? <span class="tag warn">{mu(p.permanent)}</span> : mu(0)),
    },
    { key: "seen", title: t("patch.seen"), value: (p) => p.seen ?? p.to_class_name },
    { key: "verdict", title: t("patch.suggestion"), value: (p) => p.verdict_title },
    {
      key: "case", title: t("case.title"), value: (p) => p.case.state,
      cell: (p) => <a href={`/console/cases/${p.case.id}`}>{t("case.open")}</a>,
    },
  ];
}

function PatchList() {
  const { region, batch, verdict } = query.value;
  const by = { ...(region && { region }), ...(batch && { batch }), ...(verdict && { verdict: verdict as PatchVerdict }), ...sortedBy(SORTS) };
  const pages = usePages<PatchListed>(`patches ${JSON.stringify(by)}`, (cursor, signal) => {
    const query = { ...by, limit: 50, ...(cursor && { cursor }) };
    return answer(api.GET("/api/v1/patches", { params: { query }, signal }));
  });
  return (
    <main id="main" class="page">
      <h1>{t("nav.patches")}</h1>
      <form class="row filters" role="search" aria-label={t("list.filters")} onSubmit={(e) => e.preventDefault()}>
        <RegionChoice />
        <Choice name="verdict" label={t("patch.suggestion")} options={VERDICTS.map((v) => [v, t(`verdict.${v}`)])} />
      </form>
      <Listing
        label={t("nav.patches")} columns={columns()} pages={pages} rowKey={(p) => p.id} server={SORTS}
        empty={<><strong>{t("patch.none")}</strong>{t("patch.nonehelp")}</>}
      />
      {mayHandInPatches() && <Batches />}
    </main>
  );
}
