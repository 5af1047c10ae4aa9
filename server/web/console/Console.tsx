import type { ComponentType } from "preact";
import { lazy, Suspense } from "preact/compat";
import { level, me } from "../shared/api/session";
import { below } from "../shared/route";
import { Login } from "../shared/ui/Login";
import { t, type Word } from "../shared/words";
import { Head } from "./Head";
import { mayImport, mayManageDevices } from "./rights";
import { Home } from "./views/Home";
import { NotFound } from "./views/NotFound";

interface View {
  path: string;
  title: Word;
  view: ComponentType<{ rest: string[] }>;
  /** Who finds it in the menu; the server decides who may read what it shows. */
  whom: () => boolean;
}

const officer = () => level.value > 0;
const admin = (...roles: string[]) => () => roles.includes(me.value?.admin ?? "");

export const VIEWS: readonly View[] = [
  { path: "triage", title: "nav.triage", whom: officer, view: lazy(async () => (await import("./triage/Triage")).Triage) },
  { path: "cases", title: "nav.cases", whom: officer, view: lazy(async () => (await import("./case/Cases")).Cases) },
  { path: "patches", title: "nav.patches", whom: officer, view: lazy(async () => (await import("./patches/Patches")).Patches) },
  { path: "notices", title: "nav.notices", whom: officer, view: lazy(async () => (await import("./notices/Notices")).Notices) },
  { path: "grid", title: "nav.grid", whom: officer, view: lazy(async () => (await import("./grid/Grid")).Grid) },
  { path: "ledger", title: "nav.ledger", whom: officer, view: lazy(async () => (await import("./patrols/Ledger")).Ledger) },
  { path: "posts", title: "nav.posts", whom: officer, view: lazy(async () => (await import("./posts/Posts")).Posts) },
  { path: "devices", title: "nav.devices", whom: mayManageDevices, view: lazy(async () => (await import("./devices/Devices")).Devices) },
  { path: "reports", title: "nav.reports", whom: officer, view: lazy(async () => (await import("./reports/Reports")).Reports) },
  { path: "imports", title: "nav.imports", whom: mayImport, view: lazy(async () => (await import("./imports/Imports")).Imports) },
  { path: "deliveries", title: "nav.deliveries", whom: officer, view: lazy(async () => (await import("./deliveries/Deliveries")).Deliveries) },
  { path: "accounts", title: "nav.accounts", whom: admin("system", "security"), view: lazy(async () => (await import("./admin/Accounts")).Accounts) },
  { path: "audit", title: "nav.audit", whom: admin("audit"), view: lazy(async () => (await import("./admin/Audit")).Audit) },
];

const parts = below("/console");

/** The whole console: nobody, somebody, or not known yet. */
export function Console() {
  const who = me.value;
  const [path, ...rest] = parts.value;
  const found = VIEWS.find((view) => view.path === path);
  return (
    <>
      <Head />
      {who && <Menu path={path} />}
      {who === undefined && <p class="empty" role="status">{t("app.loading")}</p>}
      {who === null && <Login />}
      {who && (
        <Suspense fallback={<p class="empty" role="status">{t("app.loading")}</p>}>
          {found ? <found.view rest={rest} /> : path ? <NotFound /> : <Home />}
        </Suspense>
      )}
    </>
  );
}

function Menu({ path }: { path: string | undefined }) {
  return (
    <nav class="nav" aria-label={t("nav.label")}>
      {VIEWS.filter((view) => view.whom()).map((view) => (
        <a key={view.path} href={`/console/${view.path}`} aria-current={view.path === path ? "page" : undefined}>{t(view.title)}</a>
      ))}
      <a href="/console" aria-current={path ? undefined : "page"}>{t("nav.me")}</a>
    </nav>
  );
}
