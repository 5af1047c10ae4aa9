import { api, whole } from "../../shared/api/client";
import { Form, text } from "../../shared/ui/Form";
import { t } from "../../shared/words";
import { mayEditGrid } from "../rights";
import type { Read } from "./Grid";

/** A unit's office phone, which the public reads, and whether it takes part (R12). */
export function UnitForm({ read, put }: { read: Read; put: (read: Read) => void }) {
  const region = read.data;
  if (!mayEditGrid(region.level)) return null;
  const path = { code: region.code };
  async function send(form: FormData) {
    const body = { takes_part: form.has("takes"), office_phone: text(form, "phone") || null };
    const header = { "If-Match": read.etag };
    put(await whole(api.PUT("/api/v1/regions/{code}", { params: { path, header }, body })));
  }
  return (
    <Form title={t("grid.edit")} submit={t("app.save")} send={send} folded>
      <label for="u-phone">{t("grid.phone")}</label>
      <input id="u-phone" name="phone" type="tel" maxLength={30} defaultValue={region.office_phone ?? ""} />
      <label class="pick"><input name="takes" type="checkbox" defaultChecked={region.takes_part} /> {t("grid.takes")}</label>
    </Form>
  );
}
