import { answer, api } from "../../shared/api/client";
import { query } from "../../shared/route";
import { saveFile } from "../../shared/save";
import { Form, text } from "../../shared/ui/Form";
import { t } from "../../shared/words";

const SIZES = [["3x8", "posts.paper"], ["2x5", "posts.card"], ["1x2", "posts.plate"]] as const;

/** The labels of a village or group as PDF; parcels without a post get a planned one. */
export function Sheet() {
  async function send(form: FormData) {
    const body = { region: text(form, "region"), size: text(form, "size") };
    const pdf = await answer(api.POST("/api/v1/posts/sheet", { body, parseAs: "blob" }));
    saveFile(`${body.region}.pdf`, pdf as unknown as Blob);
  }
  return (
    <Form title={t("posts.sheet")} submit={t("posts.sheet")} send={send}>
      <p>{t("posts.sheethelp")}</p>
      <label for="s-region">{t("posts.village")}</label>
      <input id="s-region" name="region" required pattern="\d{12}(\d\d)?" inputMode="numeric" defaultValue={query.value.region ?? ""} />
      <label for="s-size">{t("posts.size")}</label>
      <select id="s-size" name="size">{SIZES.map(([size, title]) => <option key={size} value={size}>{t(title)}</option>)}</select>
    </Form>
  );
}
