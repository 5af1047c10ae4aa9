import { render } from "preact";
import "../shared/style/base.css";
import { me, whoAmI } from "../shared/api/session";
import { Login } from "../shared/ui/Login";
import { language, speak, t } from "../shared/words";

function Tablet() {
  if (me.value === null) return <Login />;
  return (
    <main id="main" class="card">
      <h1>{t("tablet.title")}</h1>
      <p>{me.value?.name ?? t("app.loading")}</p>
    </main>
  );
}

speak(language.value);
whoAmI().catch(() => undefined);
render(<Tablet />, document.getElementById("app")!);
