import { useSignal } from "@preact/signals";
import { answer, api } from "../../shared/api/client";
import { Trouble } from "../../shared/ui/Trouble";
import { t } from "../../shared/words";

/** Sends a dead letter, a rejected or an unanswered delivery again. */
export function Resend({ id, done }: { id: string; done: () => Promise<void> }) {
  const busy = useSignal(false);
  const error = useSignal<unknown>(undefined);
  async function resend() {
    busy.value = true;
    error.value = undefined;
    try {
      await answer(api.POST("/api/v1/deliveries/{id}/resend", { params: { path: { id } } }));
      await done();
    } catch (failure) {
      error.value = failure;
    } finally {
      busy.value = false;
    }
  }
  return (
    <>
      <button type="button" disabled={busy.value} onClick={() => void resend()}>{t("delivery.resend")}</button>
      {error.value !== undefined && <Trouble error={error.value} />}
    </>
  );
}
