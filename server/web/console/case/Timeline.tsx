import type { CaseFields, Whole } from "../../shared/api/schema";
import { when } from "../../shared/time";
import { language, t, type Word } from "../../shared/words";

/** Everything that happened to a case, the latest first. */
export function Timeline({ events }: { events: Whole["events"] }) {
  return (
    <ol class="timeline" reversed>
      {[...events].reverse().map((event) => (
        <li key={event.seq}>
          <b>{language.value === "zh" || event.action === "open" ? event.title : t(`action.${event.action}` as Word)}</b>
          {" "}{event.name} <span class="small">{when(event.at)}</span>
          {event.from !== event.to && <div class="small">{t(`state.${event.from}`)} → {t(`state.${event.to}`)}</div>}
          {event.words && <div>{event.words}</div>}
          <Filled fields={event.fields} />
          {event.photos.length > 0 && <div class="small">{t("case.photos", { n: event.photos.length })}</div>}
        </li>
      ))}
    </ol>
  );
}

function Filled({ fields }: { fields: CaseFields }) {
  const filled = Object.entries(fields).filter(([, value]) => value != null) as [keyof CaseFields, string][];
  return <>{filled.map(([name, value]) => <div key={name} class="small">{t(`field.${name}`)}：{value}</div>)}</>;
}
