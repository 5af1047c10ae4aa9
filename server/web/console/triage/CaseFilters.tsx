import type { CaseState, CaseUrgency, Kind, Source } from "../../shared/api/schema";
import { query } from "../../shared/route";
import { Choice } from "../../shared/ui/Choice";
import { RegionChoice } from "../../shared/ui/Region";
import { t } from "../../shared/words";
import { KINDS, SOURCES, STATES, URGENCIES } from "../lists";

/** What the address asks of the list of cases; `initial` is the state that is meant when it names none. */
export function wanted(initial: CaseState | "") {
  const { region, kind, source, permanent, deadline, state = initial } = query.value;
  return {
    ...(region && { region }),
    ...(kind && { kind: kind as Kind }),
    ...(source && { source: source as Source }),
    ...(permanent && { permanent: permanent === "yes" }),
    ...(deadline && { deadline: deadline as CaseUrgency }),
    ...(state && state !== "any" && { state: state as CaseState }),
  };
}

/** Narrows cases by unit, state, kind, source, deadline and 永农. */
export function CaseFilters({ initial }: { initial: CaseState | "" }) {
  const states: [string, string][] = STATES.map((s) => [s === initial ? "" : s, t(`state.${s}`)]);
  if (initial) states.push(["any", t("list.everything")]);
  return (
    <form class="row filters" role="search" aria-label={t("list.filters")} onSubmit={(e) => e.preventDefault()}>
      <RegionChoice />
      <Choice name="state" label={t("case.state")} options={states} all={!initial} />
      <Choice name="kind" label={t("case.kind")} options={KINDS.map((k) => [k, t(`kind.${k}`)])} />
      <Choice name="source" label={t("case.source")} options={SOURCES.map((s) => [s, t(`source.${s}`)])} />
      <Choice name="deadline" label={t("case.deadline")} options={URGENCIES.map((u) => [u, t(`urgency.${u}`)])} />
      <Choice name="permanent" label={t("case.permanent")} options={[["yes", t("grid.yes")], ["no", t("grid.no")]]} />
    </form>
  );
}
