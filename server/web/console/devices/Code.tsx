import type { DeviceCode } from "../../shared/api/schema";
import { when } from "../../shared/time";
import { t } from "../../shared/words";

/** A code to enrol with: used once, and only for some minutes. */
export function Code({ code, close }: { code: DeviceCode; close: () => void }) {
  return (
    <section class="note" role="status">
      <h2>{t("device.code", { n: code.device })}</h2>
      <p>{t("device.scan", { at: when(code.expires_at) })}</p>
      <img class="qr" src={`data:image/svg+xml;utf8,${encodeURIComponent(code.svg)}`} alt={t("device.qr")} />
      <p class="code">{code.code}</p>
      <button type="button" onClick={close}>{t("device.hide")}</button>
    </section>
  );
}
