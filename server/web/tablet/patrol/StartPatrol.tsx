import { useSignal } from "@preact/signals";
import { go } from "../../shared/route";
import { t } from "../../shared/words";
import { enrolment, file, going, me } from "../state";
import { uuid7 } from "./ids";
import { beginTrack } from "./tracking";

/** The first of three taps: begins a patrol, or goes on with the one that is under way. */
export function StartPatrol() {
  const error = useSignal("");
  const busy = useSignal(false);
  const units = me.value?.appointments.map((post) => [post.unit, post.unit_name] as const) ?? [];
  const own = enrolment.value?.unit ?? "";
  const choices = units.length > 0 ? units : [[own, own] as const];
  const chosen = useSignal("");
  const wantsTrack = useSignal(false);
  if (going.value) return <a class="button main huge" href="/tablet/patrol">{t("patrol.goon")}</a>;

  async function start() {
    busy.value = true;
    error.value = "";
    const now = Date.now();
    const region = chosen.value || choices[0]![0];
    const patrol = uuid7(now);
    try {
      await file([{ kind: "patrol_started", at: Math.floor(now / 1000), patrol, region }]);
      if (wantsTrack.value) await beginTrack(patrol);
      go("/tablet/patrol");
    } catch (failure) {
      error.value = (failure as Error).message;
    } finally {
      busy.value = false;
    }
  }

  return (
    <>
      {choices.length > 1 && (
        <>
          <label for="unit">{t("patrol.unit")}</label>
          <select id="unit" onChange={(e) => (chosen.value = e.currentTarget.value)}>
            {choices.map(([unit, name]) => <option key={unit} value={unit}>{name}</option>)}
          </select>
        </>
      )}
      {error.value && <p class="problem" role="alert">{error.value}</p>}
      <button class="main huge" disabled={busy.value} onClick={() => void start()}>{t("patrol.start")}</button>
      <label class="pick track">
        <input type="checkbox" checked={wantsTrack.value} onChange={(e) => (wantsTrack.value = e.currentTarget.checked)} />
        {t("track.want")}
      </label>
    </>
  );
}
