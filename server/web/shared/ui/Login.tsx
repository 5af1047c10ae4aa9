import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { logIn } from "../api/session";
import { t } from "../words";
import { Trouble } from "./Trouble";

/** Account and password; the session is a cookie that scripts cannot read. */
export function Login() {
  const busy = useSignal(false);
  const error = useSignal<unknown>(undefined);
  const first = useRef<HTMLInputElement>(null);
  useEffect(() => first.current?.focus(), []);

  async function submit(event: Event) {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    busy.value = true;
    error.value = undefined;
    try {
      await logIn(String(form.get("account")).trim(), String(form.get("password")));
    } catch (failure) {
      error.value = failure;
    } finally {
      busy.value = false;
    }
  }

  return (
    <main class="login" id="main">
      <form class="card" onSubmit={submit}>
        <h1>{t("login.title")}</h1>
        {error.value !== undefined && <Trouble error={error.value} />}
        <label for="account">{t("login.account")}</label>
        <input ref={first} id="account" name="account" autocomplete="username" autocapitalize="none" required />
        <label for="password">{t("login.password")}</label>
        <input id="password" name="password" type="password" autocomplete="current-password" required />
        <p class="small">{t("login.help")}</p>
        <button class="main" disabled={busy.value}>{t("login.submit")}</button>
      </form>
    </main>
  );
}
