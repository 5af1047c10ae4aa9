import type { Suggestion } from "../../shared/api/schema";
import { t } from "../../shared/words";

/** What a stated rule suggests for a patch, and why; a person decides. */
export function Suggested({ suggestion, title }: { suggestion: Suggestion; title?: string }) {
  return (
    <section class="note" aria-label={t("patch.suggestion")}>
      <p><strong>{t("patch.suggestion")}：{title ?? t(`verdict.${suggestion.verdict}`)}</strong></p>
      <p>{suggestion.says}</p>
      <p class="small">{suggestion.article} · {t("patch.rule", { rule: suggestion.rule, version: suggestion.version })}</p>
    </section>
  );
}

/** The suggestion among what a case's source knew when it opened. */
export function suggestionIn(facts: unknown): Suggestion | undefined {
  const found = typeof facts === "object" && facts !== null && "suggestion" in facts ? facts.suggestion : undefined;
  return typeof found === "object" && found !== null && "says" in found ? (found as Suggestion) : undefined;
}
