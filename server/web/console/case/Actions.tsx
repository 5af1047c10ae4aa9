import { useSignal } from "@preact/signals";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import type { CaseAction, May, Whole } from "../../shared/api/schema";
import { Trouble } from "../../shared/ui/Trouble";
import { language, t } from "../../shared/words";
import { drawing } from "../ground/Draw";
import { actionOf, KEYS, letter } from "../keys";
import { decisions } from "../office";
import { ActionForm } from "./ActionForm";
import { quick, split } from "./plan";
import { Waiting } from "./Waiting";

const title = (may: May) => (language.value === "zh" ? may.title : t(`action.${may.action}`));

/**
 * What this person may do with the case now, and nothing else; the server tells. What needs no more than a key is
 * decided at once and can be taken back for a moment; what needs fields or photos opens a form.
 */
export function Actions({ whole }: { whole: Whole }) {
  const filling = useSignal<CaseAction | undefined>(undefined);
  const words = useRef<HTMLTextAreaElement>(null);
  const decision = decisions.of(whole.id);
  const waits = decision?.state === "waiting" || decision?.state === "leaving";
  useEffect(() => void (filling.value = undefined), [whole.id, whole.version]);

  function begin(may: May): void {
    const event = quick(may, words.current?.value.trim() ?? "");
    if (!event) filling.value = may.action;
    else if (decisions.decide(whole.id, whole.version, event) && words.current) words.current.value = "";
  }
  // Before the buttons are painted: whoever sees a key may press it.
  useLayoutEffect(() => {
    const press = (event: KeyboardEvent) => {
      const pressed = drawing.value ? "" : letter(event);
      const may = waits ? undefined : actionOf(pressed, whole.may);
      if (may) begin(may);
      else if (pressed === "M" && words.current) words.current.focus();
      else return;
      event.preventDefault();
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  });

  if (waits) return <Waiting decision={decision} />;
  const form = whole.may.find((may) => may.action === filling.value);
  if (form) {
    return <ActionForm whole={whole} may={form} title={title(form)} close={() => (filling.value = undefined)} />;
  }
  return (
    <section aria-label={t("case.actions")}>
      {decision?.state === "refused" && <Trouble error={decision.error} />}
      {whole.may.length === 0 && <p class="note">{t(whole.state === "closed" ? "case.closed" : "case.nothing")}</p>}
      {whole.may.length > 0 && <Buttons whole={whole} begin={begin} said={words} />}
    </section>
  );
}

interface ButtonsProps {
  whole: Whole;
  begin: (may: May) => void;
  said: { current: HTMLTextAreaElement | null };
}

function Buttons({ whole, begin, said }: ButtonsProps) {
  const { steps, others } = split(whole, KEYS);
  return (
    <>
      <div class="row">
        {steps.map((may, i) => (
          <button key={may.action} type="button" class={i === 0 ? "main" : ""} onClick={() => begin(may)}>
            {title(may)} <kbd>{KEYS[may.action]}</kbd>
          </button>
        ))}
      </div>
      <label for="said">{t("case.say")} <kbd>M</kbd></label>
      <textarea id="said" ref={said} maxLength={2000} placeholder={t("case.sayhelp")} />
      {others.length > 0 && (
        <details>
          <summary>{t("case.notes")}</summary>
          <div class="row">
            {others.map((may) => (
              <button key={may.action} type="button" onClick={() => begin(may)}>{title(may)}</button>
            ))}
          </div>
        </details>
      )}
    </>
  );
}
