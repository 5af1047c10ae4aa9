import { answer, api } from "../../shared/api/client";
import { day } from "../../shared/time";
import { Form } from "../../shared/ui/Form";
import { t } from "../../shared/words";

/** A form's parts as an upload: those that are empty stay at home. */
function upload(form: FormData) {
  for (const [name, value] of [...form.entries()]) if (typeof value === "string" && !value.trim()) form.delete(name);
  return { body: form as never, bodySerializer: (body: unknown) => body as FormData };
}

function Check({ id }: { id: string }) {
  return (
    <label class="pick" for={id}>
      <input id={id} type="checkbox" name="dry_run" value="true" /> {t("import.dryhelp")}
    </label>
  );
}

/** Village groups and who is responsible. */
export function RosterIn({ done }: { done: () => Promise<void> }) {
  async function send(form: FormData) {
    const job = await answer(api.POST("/api/v1/imports/roster", upload(form)));
    await done();
    return job.state_title;
  }
  return (
    <Form title={t("import.addroster")} submit={t("batch.send")} send={send} folded>
      <p class="small">{t("import.rosterhelp")}</p>
      <label for="r-file">{t("import.table")}</label>
      <input id="r-file" name="file" type="file" required accept=".csv,.xlsx" />
      <label for="r-starts">{t("import.starts")}</label>
      <input id="r-starts" name="starts" type="date" defaultValue={day()} />
      <label for="r-layer">{t("import.sheet")}</label><input id="r-layer" name="layer" maxLength={80} />
      <Check id="r-dry" />
    </Form>
  );
}

/** A layer of parcels. */
export function ParcelsIn({ done }: { done: () => Promise<void> }) {
  async function send(form: FormData) {
    const job = await answer(api.POST("/api/v1/imports/parcels", upload(form)));
    await done();
    return job.state_title;
  }
  return (
    <Form title={t("import.addparcels")} submit={t("batch.send")} send={send} folded>
      <p class="small">{t("import.parcelshelp")}</p>
      <label for="l-file">{t("batch.choose")}</label>
      <input id="l-file" name="file" type="file" required accept=".zip,.shp,.gpkg,.geojson,.json" />
      <label for="l-crs">{t("import.crs")}</label><input id="l-crs" name="crs" maxLength={40} placeholder="EPSG:4523" />
      <label for="l-layer">{t("batch.layer")}</label><input id="l-layer" name="layer" maxLength={80} />
      <label for="l-unit">{t("import.unit")}</label><input id="l-unit" name="unit" inputMode="numeric" pattern="\d*" />
      <Check id="l-dry" />
    </Form>
  );
}
