import type { CaseStep, Whole } from "../../shared/api/schema";
import { language, t, type Word } from "../../shared/words";

const said = (step: CaseStep) => (language.value === "zh" ? step.title : t(`action.${step.action}`));

/** Who must do what by when, and which evidence is still missing for it. */
export function Ahead({ whole }: { whole: Whole }) {
  const open = whole.tasks.filter((task) => task.state === "open");
  if (whole.ahead.length === 0 && open.length === 0) return null;
  const late = whole.urgency === "overdue" || whole.urgency === "long_overdue";
  return (
    <section aria-label={t("ahead.title")}>
      <h3>{t("ahead.title")}</h3>
      <p>
        <b>{whole.holder_name}</b>{" "}
        {whole.due && <span class={`tag ${late ? "warn" : ""}`}>{t("ahead.by", { day: whole.due })} · {t(`urgency.${whole.urgency}`)}</span>}
      </p>
      <ul>
        {whole.ahead.map((step) => (
          <li key={`${step.action} ${step.to}`}>
            {said(step)} → {t(`state.${step.to}`)}
            <div class="small">{t(`who.${step.who}` as Word)}</div>
            <Missing step={step} />
          </li>
        ))}
        {open.map((task) => (
          <li key={task.id}>
            {t("case.tasks")}：{task.unit_name} <span class="tag">{t("ahead.by", { day: task.due })}</span>{" "}
            {task.photos > 0 && <span class="tag amber">{t("ahead.photos", { n: task.photos })}</span>}
          </li>
        ))}
      </ul>
    </section>
  );
}

function Missing({ step }: { step: CaseStep }) {
  const asked = [...(step.words ? [t("case.say")] : []), ...step.fields.map((field) => t(`field.${field}`))];
  return (
    <>
      {step.photos > 0 && <span class="tag amber">{t("ahead.photos", { n: step.photos })}</span>}
      {asked.length > 0 && <span class="small"> {t("ahead.fill", { what: asked.join("、") })}</span>}
    </>
  );
}
