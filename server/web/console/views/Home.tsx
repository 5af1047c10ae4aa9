import { answer, api } from "../../shared/api/client";
import { me } from "../../shared/api/session";
import { Form } from "../../shared/ui/Form";
import { t } from "../../shared/words";

/** Who I am here, and my password. */
export function Home() {
  const { appointments = [], admin } = me.value ?? {};
  async function send(form: FormData) {
    const body = { old: String(form.get("old")), new: String(form.get("new")) };
    await answer(api.PUT("/api/v1/me/password", { body }));
    return t("home.changed");
  }
  return (
    <main id="main" class="page">
      <h1>{t("home.title")}</h1>
      {admin && <section class="card"><h2>{t(`admin.${admin}`)}</h2></section>}
      {appointments.length === 0 && !admin && <p class="card empty">{t("home.none")}</p>}
      {appointments.map((post) => (
        <section class="card" key={post.unit + post.role}>
          <h2>{post.unit_name}</h2>
          {post.title}
        </section>
      ))}
      <Form title={t("home.password")} submit={t("app.save")} send={send} folded>
        <label for="h-old">{t("home.old")}</label>
        <input id="h-old" name="old" type="password" required autocomplete="current-password" />
        <label for="h-new">{t("home.new")}</label>
        <input id="h-new" name="new" type="password" required minLength={8} autocomplete="new-password" />
      </Form>
    </main>
  );
}
