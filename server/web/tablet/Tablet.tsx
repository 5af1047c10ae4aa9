import { signal } from "@preact/signals";
import type { ComponentType } from "preact";
import { below } from "../shared/route";
import { t } from "../shared/words";
import { counter, enrolment, lastSync, notKept } from "./state";
import { health, runsLow } from "./store/health";
import { update } from "./update";
import { Enrol } from "./views/Enrol";
import { Field } from "./views/Field";
import { Fields } from "./views/Fields";
import { Home } from "./views/Home";
import { Patrol } from "./views/Patrol";
import { Scan } from "./views/Scan";
import { Sighting } from "./views/Sighting";
import { Sync } from "./views/Sync";
import { Task } from "./views/Task";

/** Why the database does not open, if it does not. */
export const failed = signal<unknown>(undefined);

const VIEWS: Record<string, ComponentType<{ rest: string[] }>> = {
  patrol: Patrol, sighting: Sighting, fields: Fields, field: Field, task: Task, scan: Scan, sync: Sync, enrol: Enrol,
};

const parts = below("/tablet");

export function Tablet() {
  const [path = "", ...rest] = parts.value;
  const enrolled = enrolment.value;
  const View = enrolled ? (VIEWS[path] ?? Home) : Enrol;
  return (
    <>
      <Head />
      <main id="main" class="tablet">
        <Notes />
        {failed.value !== undefined && <p class="problem" role="alert">{t("store.closed", { why: String(failed.value) })}</p>}
        {enrolled === undefined && failed.value === undefined && <p class="empty" role="status">{t("app.loading")}</p>}
        {enrolled !== undefined && <View rest={rest} />}
      </main>
    </>
  );
}

function Head() {
  const waits = counter.value;
  return (
    <header class="head">
      <a class="home" href="/tablet">{t("tablet.title")}</a>
      {enrolment.value && (
        <a class={waits ? "counter waits" : "counter"} href="/tablet/sync" data-waiting={waits}>
          <span role="status">{waits ? t("sync.waiting", { n: waits }) : t("sync.none")}</span>
        </a>
      )}
    </header>
  );
}

function Notes() {
  const { persisted } = health.value;
  return (
    <>
      {update.value && (
        <p class="note row">
          <span class="grow">{t("tablet.update")}</span>
          <button onClick={update.value}>{t("tablet.reload")}</button>
        </p>
      )}
      {enrolment.value && persisted === false && <p class="note">{t("store.notpersisted")}</p>}
      {notKept.value && <p class="problem" role="alert">{notKept.value}</p>}
      {runsLow(health.value) && <p class="problem" role="alert">{t("store.low")}</p>}
      {enrolment.value && lastSync.value.trouble && <p class="note" data-trouble>{lastSync.value.trouble}</p>}
    </>
  );
}
