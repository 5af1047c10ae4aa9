import { useSignal } from "@preact/signals";
import { go } from "../../shared/route";
import { t } from "../../shared/words";
import { Camera } from "../scan/Camera";
import { parcelCode } from "../scan/code";

/** Opens the field of a post or label, without a network: by camera, or by its code, whose check character finds typos. */
export function Scan() {
  const typed = useSignal("");
  const error = useSignal("");

  function open(text: string) {
    const code = parcelCode(text);
    if (code) go(`/tablet/field/${code}`);
    else error.value = t("scan.wrong");
  }

  return (
    <form
      class="card"
      onSubmit={(event) => {
        event.preventDefault();
        open(typed.value);
      }}
    >
      <h1>{t("scan.title")}</h1>
      <Camera found={open} />
      <label for="code">{t("scan.code")}</label>
      <input id="code" inputmode="text" autocomplete="off" value={typed.value} onInput={(e) => (typed.value = e.currentTarget.value)} />
      {error.value && <p class="problem" role="alert">{error.value}</p>}
      <button class="main big">{t("scan.open")}</button>
    </form>
  );
}
