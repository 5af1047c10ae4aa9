import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { go } from "../../shared/route";
import { Trouble } from "../../shared/ui/Trouble";
import { t } from "../../shared/words";
import { codeIn } from "../enrol";
import { Camera } from "../scan/Camera";
import { takeCode } from "../state";
import { examine } from "../store/health";
import { sync } from "../sync/sync";

/** The code that the village or township shows: from the address it opened, the camera, or typed. */
export function Enrol() {
  const typed = useSignal("");
  const busy = useSignal(false);
  const error = useSignal<unknown>(undefined);

  useEffect(() => {
    const look = () => {
      const code = codeIn(location.hash);
      if (!location.hash.includes("enrol=") || !code) return;
      // It works once: the address must not offer it again.
      history.replaceState(null, "", location.pathname);
      typed.value = code;
      void take(code);
    };
    look();
    // An address that was scanned while this page is open changes nothing but what stands behind the #.
    addEventListener("hashchange", look);
    return () => removeEventListener("hashchange", look);
  }, []);

  async function take(text: string) {
    const code = codeIn(text);
    if (!code) {
      error.value = t("enrol.nocode");
      return;
    }
    busy.value = true;
    error.value = undefined;
    try {
      await takeCode(code);
      void examine();
      void sync();
      go("/tablet");
    } catch (failure) {
      error.value = failure;
    } finally {
      busy.value = false;
    }
  }

  return (
    <form
      class="card"
      onSubmit={(event) => {
        event.preventDefault();
        void take(typed.value);
      }}
    >
      <h1>{t("enrol.title")}</h1>
      <p>{t("enrol.help")}</p>
      {error.value !== undefined && <Trouble error={error.value} />}
      <Camera found={(text) => codeIn(text) && void take(text)} />
      <label for="code">{t("enrol.code")}</label>
      <input id="code" autocapitalize="characters" autocomplete="off" value={typed.value} onInput={(e) => (typed.value = e.currentTarget.value)} required />
      <button class="main big" disabled={busy.value}>{t("enrol.submit")}</button>
    </form>
  );
}
