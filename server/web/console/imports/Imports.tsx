import { answer, api } from "../../shared/api/client";
import type { Import, ImportKind } from "../../shared/api/schema";
import { usePages } from "../../shared/pages";
import { query } from "../../shared/route";
import type { Column } from "../../shared/table";
import { when } from "../../shared/time";
import { Choice } from "../../shared/ui/Choice";
import { Listing } from "../../shared/ui/Listing";
import { language, t } from "../../shared/words";
import { mayEditParcels } from "../rights";
import { ParcelsIn, RosterIn } from "./HandIn";
import { Rejects } from "./Rejects";
import { useWatch } from "./running";

/** Rosters and parcels: hand in a file, see how far it is and what was refused. */
export function Imports() {
  const kind = query.value.kind as ImportKind | undefined;
  const pages = usePages<Import>(`imports ${kind ?? ""}`, (cursor, signal) => {
    const query = { limit: 20, ...(kind && { kind }), ...(cursor && { cursor }) };
    return answer(api.GET("/api/v1/imports", { params: { query }, signal }));
  });
  useWatch(pages.rows.value.some((i) => i.state === "waiting" || i.state === "running"), pages.again);
  return (
    <main id="main" class="page">
      <h1>{t("nav.imports")}</h1>
      <RosterIn done={pages.again} />
      {mayEditParcels() && <ParcelsIn done={pages.again} />}
      <form class="row filters" role="search" aria-label={t("list.filters")} onSubmit={(e) => e.preventDefault()}>
        <Choice name="kind" label={t("case.kind")} options={[["roster", t("import.roster")], ["parcels", t("import.parcels")]]} />
      </form>
      <Listing
        label={t("nav.imports")} columns={columns()} pages={pages} rowKey={(i) => i.id}
        empty={<><strong>{t("import.none")}</strong>{t("import.nonehelp")}</>}
      />
    </main>
  );
}

const state = (i: Import) => (language.value === "zh" ? i.state_title : t(`importState.${i.state}`));

const columns = (): Column<Import>[] => [
  {
    key: "file", title: t("batch.file"), value: (i) => i.file,
    cell: (i) => <>{i.file} {i.dry_run && <span class="tag">{t("import.dry")}</span>}<div class="small">{t(`import.${i.kind}`)} · {i.unit_name}</div></>,
  },
  { key: "at", title: t("batch.at"), value: (i) => when(i.created_at), cell: (i) => <>{when(i.created_at)}<div class="small">{i.by}</div></> },
  {
    key: "state", title: t("case.state"), value: state,
    cell: (i) => (
      <>
        <span class={`tag ${i.state === "failed" ? "warn" : i.state === "done" ? "ok" : "amber"}`}>{state(i)}</span>
        {i.state === "running" && <progress max={1} value={i.progress} aria-label={state(i)} />}
        {i.said.map((sentence) => <div key={sentence} class="small">{sentence}</div>)}
      </>
    ),
  },
  { key: "read", title: t("batch.read"), value: (i) => i.read, number: true },
  { key: "new", title: t("batch.imported"), value: (i) => i.imported, number: true },
  { key: "changed", title: t("import.updated"), value: (i) => i.updated, number: true },
  { key: "same", title: t("import.unchanged"), value: (i) => i.unchanged, number: true },
  {
    key: "rejected", title: t("batch.rejected"), value: (i) => i.rejected, number: true,
    cell: (i) => (i.rejected ? (
      <Rejects id={i.id} count={i.rejected} load={(cursor, signal) => {
        const params = { path: { id: i.id }, query: { limit: 100, ...(cursor && { cursor }) } };
        return answer(api.GET("/api/v1/imports/{id}/rejects", { params, signal }));
      }} />
    ) : 0),
  },
];
