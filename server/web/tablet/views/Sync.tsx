import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { when } from "../../shared/time";
import { t } from "../../shared/words";
import { file, lastSync, outcomes, patrols, queue, readQueue, unsent, unsentResults, waiting } from "../state";
import { exported, imported, NotAQueue } from "../store/backup";
import { examine, health } from "../store/health";
import { busy, sync } from "../sync/sync";

/** What waits, when the server had all of it last, how safe it is here, and the way out by a file. */
export function Sync() {
  const said = useSignal("");
  useEffect(() => void examine(), []);
  const { doneAt } = lastSync.value;

  async function save() {
    const url = URL.createObjectURL(await exported(queue, outcomes, Date.now()));
    const link = document.createElement("a");
    link.href = url;
    link.download = `gengwei-${new Date().toISOString().slice(0, 10)}.json`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(url), 60_000);
  }

  async function load(chosen: File | undefined) {
    if (!chosen) return;
    try {
      const { records, photos, outcomes: found } = await imported(queue, outcomes, await chosen.text());
      if (records.length > 0 || photos?.length) await file(records, photos);
      for (const outcome of found) await outcomes.keep(outcome, []);
      await readQueue();
      said.value = t("backup.imported", { n: records.length + found.length, m: photos?.length ?? 0 });
    } catch (failure) {
      said.value = failure instanceof NotAQueue ? t("backup.wrong") : (failure as Error).message;
    }
  }

  return (
    <>
      <h1>{t("sync.title")}</h1>
      <button class="main huge" disabled={busy.value} onClick={() => void sync()}>{busy.value ? t("sync.busy") : t("sync.now")}</button>
      <section class="card">
        <dl class="facts">
          <dt>{t("sync.records")}</dt><dd>{unsent.value}</dd>
          <dt>{t("sync.photos")}</dt><dd>{waiting.value.photos.length}</dd>
          {unsentResults.value.length > 0 && <><dt>{t("sync.results")}</dt><dd>{unsentResults.value.length}</dd></>}
          <dt>{t("sync.last")}</dt><dd>{doneAt ? when(new Date(doneAt).toISOString()) : t("sync.never")}</dd>
        </dl>
        {waiting.value.refused.map((photo) => <p key={photo.sha256} class="problem">{t("sync.photorefused", { why: photo.refused ?? "" })}</p>)}
        {unsentResults.value.map(({ id, refused }) => refused && <p key={id} class="problem">{t("task.refused", { why: refused })}</p>)}
      </section>
      <Health />
      <section class="card">
        <h2>{t("backup.title")}</h2>
        <p>{t("backup.help")}</p>
        <p class="row">
          <button onClick={() => void save()}>{t("backup.export")}</button>
          <label class="button" for="import">{t("backup.import")}</label>
          <input id="import" class="sr" type="file" accept="application/json,.json" onChange={(e) => void load(e.currentTarget.files?.[0])} />
        </p>
        <p role="status">{said.value}</p>
      </section>
      <section class="card">
        <h2>{t("patrol.history")}</h2>
        <ul class="lines">
          {patrols.value.map((patrol) => (
            <li key={patrol.id}>
              {when(new Date(patrol.startedAt * 1000).toISOString())} · {t("patrol.seen", { n: patrol.sightings.length })} ·{" "}
              {patrol.settled ? t("patrol.sent") : t("patrol.unsent")}
            </li>
          ))}
        </ul>
      </section>
      <p><a href="/tablet/enrol">{t("enrol.again")}</a></p>
    </>
  );
}

const MIB = 1024 * 1024;

function Health() {
  const { persisted, usage, quota } = health.value;
  return (
    <section class="card">
      <h2>{t("store.title")}</h2>
      <dl class="facts">
        <dt>{t("store.kept")}</dt><dd>{persisted ? t("store.yes") : t("store.no")}</dd>
        {usage !== undefined && quota !== undefined && (
          <><dt>{t("store.room")}</dt><dd>{t("store.of", { n: Math.round(usage / MIB), m: Math.round(quota / MIB) })}</dd></>
        )}
      </dl>
    </section>
  );
}
