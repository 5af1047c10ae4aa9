import type { ComponentChildren } from "preact";
import type { CaseListed, Whole } from "../../shared/api/schema";
import { when } from "../../shared/time";
import { language, t } from "../../shared/words";
import { Around } from "./Around";
import { Suggested, suggestionIn } from "./Suggested";
import { Timeline } from "./Timeline";

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

/** What is known of a case; `children` is what may be done with it. */
export function CasePane({ whole, children }: { whole: Whole; children?: ComponentChildren }) {
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
      {whole.photos.length > 0 && (
        <>
          <h3>{t("case.photos", { n: whole.photos.length })}</h3>
          <p class="photos">
            {whole.photos.map((hash, i) => (
              <a key={hash} href={`/api/v1/evidence/${hash}`} target="_blank" rel="noopener">
                <img src={`/api/v1/evidence/${hash}`} alt={t("case.photo", { n: i + 1 })} loading="lazy" />
              </a>
            ))}
          </p>
        </>
      )}
      <Around whole={whole} />
      <h3>{t("case.timeline")}</h3>
      <Timeline events={whole.events} />
    </article>
  );
}
