import { t } from "../../shared/words";

export function NotFound() {
  return (
    <main id="main" class="page">
      <p class="card empty">{t("app.notfound")}</p>
    </main>
  );
}
