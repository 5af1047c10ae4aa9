import { answer, api } from "../../shared/api/client";
import type { CaseListed } from "../../shared/api/schema";
import { usePages } from "../../shared/pages";
import { sortedBy } from "../../shared/route";
import type { Column } from "../../shared/table";
import { when } from "../../shared/time";
import { Listing } from "../../shared/ui/Listing";
import { t } from "../../shared/words";
import { CaseFilters, wanted } from "../triage/CaseFilters";
import { kindOf, stateOf } from "./CasePane";
import { CasePage } from "./CasePage";

/** What `/api/v1/cases` sorts by. */
const SORTS = ["kind", "where", "state", "turn", "source", "due", "opened", "updated"] as const;

const columns = (): Column<CaseListed>[] => [
  {
    key: "kind", title: t("case.kind"), value: kindOf,
    cell: (c) => (
      <>
        <a href={`/console/cases/${c.id}`}>{kindOf(c)}</a>
        {c.severity === "grave" && <span class="tag warn"> {t("case.grave")}</span>}
      </>
    ),
  },
  { key: "where", title: t("case.where"), value: (c) => c.unit_name },
  { key: "state", title: t("case.state"), value: stateOf },
  { key: "turn", title: t("case.turn"), value: (c) => c.holder_name },
  { key: "source", title: t("case.source"), value: (c) => t(`source.${c.source}`) },
  { key: "due", title: t("case.due"), value: (c) => c.due && `${c.due} ${t(`urgency.${c.urgency}`)}` },
  { key: "opened", title: t("case.opened"), value: (c) => when(c.opened_at) },
  { key: "updated", title: t("case.updated"), value: (c) => when(c.updated_at) },
];

/** All cases of the caller's units, or one of them. */
export function Cases({ rest }: { rest: string[] }) {
  return rest[0] ? <CasePage id={rest[0]} /> : <CaseList />;
}

function CaseList() {
  const by = { ...wanted(""), ...sortedBy(SORTS) };
  const pages = usePages<CaseListed>(`list ${JSON.stringify(by)}`, (cursor, signal) => {
    const query = { ...by, limit: 50, ...(cursor && { cursor }) };
    return answer(api.GET("/api/v1/cases", { params: { query }, signal }));
  });
  return (
    <main id="main" class="page">
      <h1>{t("nav.cases")}</h1>
      <CaseFilters initial="" />
      <Listing
        label={t("nav.cases")} columns={columns()} pages={pages} rowKey={(c) => c.id} server={SORTS}
        empty={<><strong>{t("case.none")}</strong>{t("case.nonehelp")}</>}
      />
    </main>
  );
}
