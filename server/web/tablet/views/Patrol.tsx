import { useSignal } from "@preact/signals";
import { go } from "../../shared/route";
import { t } from "../../shared/words";
import { when } from "../../shared/time";
import { kindTitle } from "../patrol/kinds";
import { track, trackLeft } from "../patrol/tracking";
import { Unfinished } from "../patrol/Unfinished";
import { finishPatrol, going } from "../state";
import { sync } from "../sync/sync";

/** A patrol under way: what was seen so far, one more, or the end. */
export function Patrol() {
  const error = useSignal("");
  const busy = useSignal(false);
  const patrol = going.value;
  if (!patrol) {
    return <p class="empty"><strong>{t("patrol.noneopen")}</strong><a class="button" href="/tablet">{t("tablet.back")}</a></p>;
  }

  async function finish(id: string) {
    busy.value = true;
    error.value = "";
    try {
      await finishPatrol(id, trackLeft(id));
      track.value = undefined;
      go("/tablet");
      if (navigator.onLine) void sync();
    } catch (failure) {
      error.value = (failure as Error).message;
    } finally {
      busy.value = false;
    }
  }

  return (
    <>
      <h1>{t("patrol.title")}</h1>
      <p>{t("patrol.since", { at: when(new Date(patrol.startedAt * 1000).toISOString()) })}</p>
      {track.value && <p role="status">{t("track.on")}</p>}
      {error.value && <p class="problem" role="alert">{error.value}</p>}
      <Unfinished />
      <a class="button huge seen" href="/tablet/sighting">{t("patrol.sight")}</a>
      <button class="huge" disabled={busy.value} onClick={() => void finish(patrol.id)}>{t("patrol.finish")}</button>
      <section class="card">
        <h2>{t("patrol.seen", { n: patrol.sightings.length })}</h2>
        {patrol.sightings.length === 0 && <p class="empty">{t("patrol.nothing")}</p>}
        <ul class="lines">
          {patrol.sightings.map(({ sighting, photos }) => (
            <li key={sighting.id}>
              <strong>{kindTitle(sighting.sighting)}</strong> {sighting.note}
              <div class="small">{t("patrol.photos", { n: photos })}</div>
            </li>
          ))}
        </ul>
      </section>
    </>
  );
}
