import { answer, api } from "../../shared/api/client";
import type { Notice } from "../../shared/api/schema";
import { usePages } from "../../shared/pages";
import { query } from "../../shared/route";
import type { Column } from "../../shared/table";
import { when } from "../../shared/time";
import { Choice } from "../../shared/ui/Choice";
import { Listing } from "../../shared/ui/Listing";
import { t } from "../../shared/words";

/** Where a notice leads. */
function Subject({ notice }: { notice: Notice }) {
  if (notice.subject === "case") return <a href={`/console/cases/${notice.subject_id}`}>{notice.title}</a>;
  if (notice.subject === "report") return <a href="/console/reports">{notice.title}</a>;
  return <>{notice.title}</>;
}

/** What I and the units in which I hold office should know. */
export function Notices() {
  const unread = query.value.unread === "yes";
  const pages = usePages<Notice>(`notices ${unread}`, (cursor, signal) => {
    const query = { limit: 50, ...(unread && { unread }), ...(cursor && { cursor }) };
    return answer(api.GET("/api/v1/notices", { params: { query }, signal }));
  });
  async function read(id: string) {
    await answer(api.POST("/api/v1/notices/{id}/read", { params: { path: { id } } }));
    await pages.reload();
  }
  const columns: Column<Notice>[] = [
    {
      key: "title", title: t("notice.what"), value: (n) => n.title,
      cell: (n) => <>{n.urgent && <span class="tag warn">{t("notice.urgent")}</span>} {n.read ? <Subject notice={n} /> : <b><Subject notice={n} /></b>}</>,
    },
    { key: "words", title: t("case.words"), value: (n) => n.words },
    { key: "at", title: t("audit.at"), value: (n) => when(n.raised_at) },
    {
      key: "read", title: t("notice.read"), value: (n) => t(n.read ? "grid.yes" : "grid.no"),
      cell: (n) => (n.read ? t("grid.yes") : <button type="button" onClick={() => void read(n.id)}>{t("notice.markread")}</button>),
    },
  ];
  return (
    <main id="main" class="page">
      <h1>{t("nav.notices")}</h1>
      <form class="row filters" role="search" aria-label={t("list.filters")} onSubmit={(e) => e.preventDefault()}>
        <Choice name="unread" label={t("notice.which")} options={[["yes", t("notice.unread")]]} />
      </form>
      <Listing
        label={t("nav.notices")} columns={columns} pages={pages} rowKey={(n) => n.id}
        empty={<><strong>{t("notice.none")}</strong>{t("notice.nonehelp")}</>}
      />
    </main>
  );
}
