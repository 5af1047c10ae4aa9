import { useSignal } from "@preact/signals";
import { answer, api } from "../../shared/api/client";
import type { AuditVerification } from "../../shared/api/schema";
import { when } from "../../shared/time";
import { Trouble } from "../../shared/ui/Trouble";
import { t } from "../../shared/words";

/** Recomputes every hash chain of the log, and says whether all of it holds. */
export function Verify({ done }: { done: () => Promise<void> }) {
  const busy = useSignal(false);
  const error = useSignal<unknown>(undefined);
  const found = useSignal<AuditVerification | undefined>(undefined);
  async function verify() {
    busy.value = true;
    error.value = undefined;
    found.value = undefined;
    try {
      found.value = await answer(api.POST("/api/v1/audit/verification"));
      await done();
    } catch (failure) {
      error.value = failure;
    } finally {
      busy.value = false;
    }
  }
  const result = found.value;
  return (
    <section class={result && !result.sound ? "problem" : "note"} aria-label={t("audit.verify")}>
      <p>{t("audit.verifyhelp")}</p>
      <p class="row">
        <button type="button" disabled={busy.value} onClick={() => void verify()}>{t("audit.verify")}</button>
        <span role="status">
          {busy.value && t("audit.verifying")}
          {result?.sound && t("audit.sound", { n: result.entries ?? 0, at: when(result.ended_at) })}
        </span>
      </p>
      {result?.broken && (
        <p role="alert"><strong>{t("audit.broken", { chain: result.broken.chain.slice(0, 8), n: result.broken.seq })}</strong> {result.broken.reason}</p>
      )}
      {error.value !== undefined && <Trouble error={error.value} />}
    </section>
  );
}
