import { answer, api } from "../../shared/api/client";
import type { Device } from "../../shared/api/schema";
import { Form } from "../../shared/ui/Form";
import { t } from "../../shared/words";

/** Ends a device's keys, token and codes at once; what it has sent stays. */
export function Revoke({ device, done }: { device: Device; done: () => Promise<void> }) {
  async function send(form: FormData) {
    const params = { path: { number: device.number } };
    await answer(api.POST("/api/v1/devices/{number}/revocation", { params, body: { lost: form.has("lost") } }));
    await done();
  }
  return (
    <Form title={t("device.revoke")} submit={t("device.revoke")} send={send} folded>
      <label class="pick"><input type="checkbox" name="lost" /> {t("device.islost")}</label>
    </Form>
  );
}
