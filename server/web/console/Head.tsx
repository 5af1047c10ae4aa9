import { logOut, me } from "../shared/api/session";
import { language, speak, t } from "../shared/words";

/** The bar above everything: what this is, who is here, the other language, the way out. */
export function Head() {
  return (
    <header class="head">
      <a class="skip" href="#main">{t("app.skip")}</a>
      <a class="brand" href="/console"><b>{t("app.name")}</b> <span>{t("app.title")}</span></a>
      <span class="who">
        {me.value?.name}
        <button type="button" class="onhead" onClick={() => speak(language.value === "zh" ? "en" : "zh")}>
          {t("app.language")}
        </button>
        {me.value && <button type="button" class="onhead" onClick={() => void logOut()}>{t("login.out")}</button>}
      </span>
    </header>
  );
}
