import { answer, api } from "../../shared/api/client";
import { me } from "../../shared/api/session";
import type { AccountListed, AdminRole } from "../../shared/api/schema";
import { usePages } from "../../shared/pages";
import type { Column } from "../../shared/table";
import { when } from "../../shared/time";
import { Form, text } from "../../shared/ui/Form";
import { Listing } from "../../shared/ui/Listing";
import { t } from "../../shared/words";

const ADMINS: readonly AdminRole[] = ["system", "security", "audit"];

/** Accounts: the system administrator makes them, the security administrator locks them; never the same person. */
export function Accounts() {
  return (
    <main id="main" class="page">
      <h1>{t("nav.accounts")}</h1>
      {me.value?.admin === "system" ? <List /> : <Lock />}
    </main>
  );
}

function List() {
  const pages = usePages<AccountListed>("accounts", (cursor, signal) =>
    answer(api.GET("/api/v1/accounts", { params: { query: { limit: 50, ...(cursor && { cursor }) } }, signal })),
  );
  const columns: Column<AccountListed>[] = [
    { key: "account", title: t("accounts.account"), value: (a) => a.account },
    { key: "name", title: t("accounts.name"), value: (a) => a.name },
    { key: "admin", title: t("accounts.admin"), value: (a) => (a.admin ? t(`admin.${a.admin}`) : "") },
    { key: "created", title: t("accounts.created"), value: (a) => when(a.created_at) },
    {
      key: "locked", title: t("accounts.locked"), value: (a) => when(a.locked_at),
      cell: (a) => a.locked_at && <span class="tag warn">{when(a.locked_at)}</span>,
    },
  ];
  return (
    <>
      <Listing
        label={t("nav.accounts")} columns={columns} pages={pages} rowKey={(a) => a.id}
        empty={<><strong>{t("accounts.none")}</strong>{t("accounts.nonehelp")}</>}
      />
      <Make done={() => pages.reload()} />
    </>
  );
}

function Make({ done }: { done: () => Promise<void> }) {
  async function send(form: FormData) {
    const [person, admin] = [text(form, "person"), text(form, "admin")];
    const body = {
      account: text(form, "account"), name: text(form, "name"), password: String(form.get("password")),
      ...(person && { person }), ...(admin && { admin: admin as AdminRole }),
    };
    await answer(api.POST("/api/v1/accounts", { body }));
    await done();
  }
  return (
    <Form title={t("accounts.add")} submit={t("app.save")} send={send}>
      <label for="n-account">{t("accounts.account")}</label><input id="n-account" name="account" required autocomplete="off" />
      <label for="n-name">{t("accounts.name")}</label><input id="n-name" name="name" required autocomplete="off" />
      <label for="n-password">{t("home.new")}</label>
      <input id="n-password" name="password" type="password" required minLength={8} autocomplete="new-password" />
      <label for="n-person">{t("accounts.person")}</label><input id="n-person" name="person" autocomplete="off" />
      <label for="n-admin">{t("accounts.admin")}</label>
      <select id="n-admin" name="admin">
        <option value="">{t("admin.none")}</option>
        {ADMINS.map((role) => <option key={role} value={role}>{t(`admin.${role}`)}</option>)}
      </select>
    </Form>
  );
}

function Lock() {
  async function send(form: FormData) {
    const params = { path: { account: text(form, "account") } };
    await answer(api.PUT("/api/v1/accounts/{account}/lock", { params, body: { locked: text(form, "what") === "lock" } }));
    return t("accounts.done");
  }
  return (
    <Form title={t("accounts.lock")} submit={t("app.save")} send={send}>
      <p>{t("accounts.lockhelp")}</p>
      <label for="l-account">{t("accounts.account")}</label><input id="l-account" name="account" required autocomplete="off" />
      <label for="l-what">{t("audit.action")}</label>
      <select id="l-what" name="what">
        <option value="lock">{t("accounts.dolock")}</option>
        <option value="unlock">{t("accounts.unlock")}</option>
      </select>
    </Form>
  );
}
