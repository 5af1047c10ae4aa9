import { useEffect, useRef } from "preact/hooks";
import type { CaseListed } from "../../shared/api/schema";
import type { Pages } from "../../shared/pages";
import { ask } from "../../shared/route";
import { when } from "../../shared/time";
import { t } from "../../shared/words";
import { kindOf, stateOf } from "../case/CasePane";
import type { Decision } from "../decisions";
import { decisions } from "../office";

/** The cases that wait, one a line; the chosen one is in view. */
export function Queue({ pages, chosen }: { pages: Pages<CaseListed>; chosen: string }) {
  const list = useRef<HTMLOListElement>(null);
  useEffect(() => list.current?.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest" }), [chosen]);
  const rows = pages.rows.value;
  if (pages.next.value === undefined) return <p class="empty" role="status">{t("app.loading")}</p>;
  if (rows.length === 0) return <p class="empty"><strong>{t("triage.none")}</strong>{t("triage.nonehelp")}</p>;
  return (
    <>
      <p class="small">{t("triage.keys")}</p>
      <ol class="cases" ref={list}>
        {rows.map((row) => <Line key={row.id} row={row} chosen={row.id === chosen} decision={decisions.of(row.id)} />)}
      </ol>
      {pages.next.value && <button type="button" onClick={() => void pages.more()}>{t("list.more")}</button>}
    </>
  );
}

function Line({ row, chosen, decision }: { row: CaseListed; chosen: boolean; decision: Decision | undefined }) {
  const late = row.urgency === "overdue" || row.urgency === "long_overdue";
  return (
    <li>
      <button type="button" class="case" aria-current={chosen ? "true" : undefined} onClick={() => ask({ case: row.id })}>
        <span>
          <b>{kindOf(row)}</b>
          {row.severity === "grave" && <span class="tag warn">{t("case.grave")}</span>}
          {row.permanent && <span class="tag warn">{t("case.permanent")}</span>}
          {late && <span class="tag warn">{t(`urgency.${row.urgency}`)}</span>}
        </span>
        <span class="small">{row.unit_name}</span>
        <span class="small">{t(`source.${row.source}`)} · {when(row.opened_at)}</span>
        <span class={`small ${decision ? `decision ${decision.state}` : ""}`}>
          {decision ? `${t(`decision.${decision.state}`)}：${t(`action.${decision.event.action}`)}` : stateOf(row)}
        </span>
      </button>
    </li>
  );
}
