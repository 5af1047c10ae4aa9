import type { ComponentChildren } from "preact";
import type { CaseListed, Whole } from "../../shared/api/schema";
import { when } from "../../shared/time";
import { language, t } from "../../shared/words";
import type { Ground } from "../ground/ground";
import { OnTheGround } from "../ground/Overlaps";
import { Photos } from "../ground/Photos";
import { Ahead } from "./Ahead";
import { Around } from "./Around";
import { Suggested, suggestionIn } from "./Suggested";
import { Timeline } from "./Timeline";
import { Together } from "./Together";

/** A title as the server words it in Chinese, or ours in English. */
export const kindOf = (c: CaseListed) => (language.value === "zh" ? c.kind_title : t(`kind.${c.kind}`));
export const stateOf = (c: CaseListed) => (language.value === "zh" ? c.state_title : t(`state.${c.state}`));

/** How grave, how urgent, where it stands; never by colour alone. */
export function Tags({ case: c }: { case: CaseListed }) {
  const late = c.urgency === "overdue" || c.urgency === "long_overdue";
  return (
    <p class="row tags">
      {c.severity === "grave" && <span class="tag warn">{t("case.grave")}</span>}
      {c.permanent && <span class="tag warn">{t("case.permanent")}</span>}
      {c.supervised && <span class="tag warn">{t("case.supervised")}</span>}
      {c.due && <span class={`tag ${late ? "warn" : c.urgency === "soon" ? "amber" : "ok"}`}>{t(`urgency.${c.urgency}`)} {c.due}</span>}
      <span class={`tag ${c.state === "closed" ? "ok" : "amber"}`}>{stateOf(c)}</span>
      <span class="tag">{t(`source.${c.source}`)}</span>
      {c.round > 1 && <span class="tag">{t("case.round", { n: c.round })}</span>}
    </p>
  );
}

interface Props {
  whole: Whole;
  ground: Ground;
  /** Called when the case has moved on by something in here. */
  changed: () => void;
  /** What may be done with it. */
  children?: ComponentChildren;
}

/** What is known of a case. */
export function CasePane({ whole, ground, changed, children }: Props) {
  const suggestion = suggestionIn(whole.facts);
  return (
    <article>
      <h2>{kindOf(whole)}</h2>
      <Tags case={whole} />
      {suggestion && <Suggested suggestion={suggestion} />}
      {children}
      <dl class="facts">
        <dt>{t("case.where")}</dt><dd>{whole.unit_name}</dd>
        {whole.parcel && <><dt>{t("case.parcel")}</dt><dd class="code">{whole.parcel}</dd></>}
        <dt>{t("case.turn")}</dt><dd>{whole.holder_name}</dd>
        <dt>{t("case.opened")}</dt><dd>{when(whole.opened_at)}</dd>
        <dt>{t("case.article")}</dt><dd>{whole.article}</dd>
        {whole.words && <><dt>{t("case.words")}</dt><dd>{whole.words}</dd></>}
      </dl>
      <Ahead whole={whole} />
      <OnTheGround whole={whole} patch={ground.patch} />
      <Together whole={whole} changed={changed} />
      <Photos photos={ground.photos} />
      <Around whole={whole} />
      <h3>{t("case.timeline")}</h3>
      <Timeline events={whole.events} />
    </article>
  );
}
