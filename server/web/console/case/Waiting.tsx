import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { t } from "../../shared/words";
import type { Decision } from "../decisions";
import { decisions } from "../office";

/** A decision that can still be taken back, with the seconds that are left. */
export function Waiting({ decision }: { decision: Decision }) {
  const now = useSignal(Date.now());
  useEffect(() => {
    const clock = setInterval(() => (now.value = Date.now()), 500);
    return () => clearInterval(clock);
  }, []);
  const seconds = Math.max(0, Math.ceil((decision.leaves - now.value) / 1000));
  const action = t(`action.${decision.event.action}`);
  return (
    <section class="note waiting">
      <p role="status"><strong>{action}</strong> {decision.event.words && `“${decision.event.words}”`}</p>
      {decision.state === "leaving" ? (
        <p>{t("decision.leaving")}</p>
      ) : (
        <button type="button" onClick={() => decisions.undo(decision.case)}>
          {t("decision.undo", { n: seconds })} <kbd>Z</kbd>
        </button>
      )}
    </section>
  );
}
