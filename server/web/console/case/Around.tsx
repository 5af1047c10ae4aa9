import type { Whole } from "../../shared/api/schema";
import { when } from "../../shared/time";
import { language, t } from "../../shared/words";

/** The three clocks (R33), tasks that have ended, and what happened before on the same parcel (R32). */
export function Around({ whole }: { whole: Whole }) {
  const { clocks, same_parcel: before } = whole;
  const tasks = whole.tasks.filter((task) => task.state !== "open");
  const after = (hours: number | null | undefined) => (hours == null ? t("case.notyet") : t("case.hours", { n: hours }));
  return (
    <>
      <h3>{t("case.clocks")}</h3>
      <p>{when(clocks.found_at)} → {after(clocks.stopped_after_hours)} → {after(clocks.rectified_after_hours)}</p>
      {tasks.length > 0 && (
        <>
          <h3>{t("case.tasks")}</h3>
          <ul>{tasks.map((task) => <li key={task.id}>{task.unit_name} · {task.state_title} · {task.due}</li>)}</ul>
        </>
      )}
      {before.length > 0 && (
        <>
          <h3>{t("case.sameparcel")}</h3>
          <ul>
            {before.map((other) => (
              <li key={other.id}>
                <a href={`/console/cases/${other.id}`}>{language.value === "zh" ? other.kind_title : t(`kind.${other.kind}`)}</a>
                {" "}{t(`state.${other.state}`)} <span class="small">{when(other.opened_at)}</span>
              </li>
            ))}
          </ul>
        </>
      )}
    </>
  );
}
