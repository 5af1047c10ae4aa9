import { useSignal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import { centre } from "../../shared/map/centre";
import { go } from "../../shared/route";
import { t, type Word } from "../../shared/words";
import type { Task as Given } from "../fields/fields";
import { distance } from "../fields/geometry";
import { standpoints, type Standpoint } from "../fields/stands";
import { far } from "../fields/FieldRow";
import { FieldsMap } from "../map/FieldsMap";
import { Shots } from "../patrol/Shots";
import type { Entry } from "../patrol/entry";
import { follow, here } from "../position";
import { spaced } from "../scan/code";
import { conclude, drafts, entering, giveUp, results, tasks } from "../state";
import { sync } from "../sync/sync";

/** Characters of the words of an outcome. */
const WORDS = 2000;

/** A task: where it is, where to stand, which photos are missing, and what came of it. */
export function Task({ rest: [id = ""] }: { rest: string[] }) {
  const task = tasks.value.find((one) => one.id === id);
  const result = results.value.find((one) => one.task === id);
  if (result) return <Over words={t(result.receivedAt ? "task.sent" : "task.kept")} id={id} />;
  if (!task) return <Over words={t("task.gone")} id={id} />;
  return <Open key={id} task={task} />;
}

/** Nothing to do here any more; what was entered for a task that was withdrawn meanwhile goes when somebody says so. */
function Over({ words, id }: { words: string; id: string }) {
  const left = drafts.value.find((draft) => draft.key === `task/${id}`);
  return (
    <div class="empty">
      <h1>{words}</h1>
      {left && <button class="big" onClick={() => confirm(t("draft.sure")) && void giveUp(left)}>{t("draft.drop")}</button>}
      <a class="button big" href="/tablet">{t("tablet.back")}</a>
    </div>
  );
}

function Open({ task }: { task: Given }) {
  const error = useSignal("");
  const busy = useSignal(false);
  const entry = useMemo(() => entering(`task/${task.id}`), []);
  const stands = useMemo(() => standpoints(task.outline, task.photos), [task.outline, task.photos]);
  useEffect(follow, []);
  const { photos, note } = entry.draft.value;
  const taken = (number: number) => photos.some((photo) => photo.stand === number);
  const missing = Math.max(0, task.photos - photos.length);
  const at = centre(task.outline);
  useEffect(() => void (error.value = ""), [photos]);
  const shown = useMemo(() => stands.map((stand) => ({ ...stand, done: taken(stand.number) })), [stands, photos]);

  async function submit() {
    busy.value = true;
    error.value = "";
    try {
      if (missing > 0) throw new Error(t("task.missing", { n: missing }));
      await entry.end((draft) => conclude(draft, task.id));
      if (navigator.onLine) void sync();
      go("/tablet");
    } catch (failure) {
      error.value = (failure as Error).message;
    } finally {
      busy.value = false;
    }
  }

  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
    >
      <h1>{task.kind_title}</h1>
      <p>{task.unit_name}<br />{t("tasks.due", { day: task.due, n: task.photos })}</p>
      {task.words && <p class="note">{task.words}</p>}
      {at && <FieldsMap at={at} outline={task.outline} stands={shown} />}
      {task.parcels.map((code) => <p key={code}><a class="code" href={`/tablet/field/${code}`}>{spaced(code)}</a></p>)}
      <h2>{t("task.photos")}</h2>
      <p role="status">{missing > 0 ? t("task.missing", { n: missing }) : t("task.enough")}</p>
      {stands.length > 0 ? stands.map((stand) => <Stand key={stand.number} entry={entry} stand={stand} done={taken(stand.number)} />) : <Shots entry={entry} />}
      <label for="words">{t("task.words")}</label>
      <textarea id="words" maxLength={WORDS} value={note} onInput={(e) => entry.change({ note: e.currentTarget.value })} />
      {error.value && <p class="problem" role="alert">{error.value}</p>}
      <button class="main huge" disabled={busy.value}>{t("task.submit")}</button>
    </form>
  );
}

/** One place to take a photo from: how far it is, which way to look, and the photo. */
function Stand({ entry, stand, done }: { entry: Entry; stand: Standpoint; done: boolean }) {
  const from = here();
  const [side, look] = [stand.side, (stand.side + 4) % 8].map((wind) => t(`wind.${wind}` as Word)) as [string, string];
  return (
    <section class={done ? "card stand done" : "card stand"}>
      <h3>
        <span class="number" aria-hidden="true">{done ? "✓" : stand.number}</span>
        {t("task.stand", { n: stand.number, side, look })}
      </h3>
      {from && <p class="small">{t("task.away", { far: far(distance(from, stand)) })}</p>}
      <Shots entry={entry} stand={stand.number} />
    </section>
  );
}
