import type { CaseAction, CaseFields, May, NewEvent, Whole } from "../../shared/api/schema";
import { t, type Word } from "../../shared/words";

/** Stock phrases for actions that want words and that an officer does many times a day. */
const PHRASES: Partial<Record<CaseAction, Word>> = {
  suspect: "phrase.suspect",
  rectify: "phrase.rectify",
  check: "phrase.check",
  close: "phrase.close",
  return: "phrase.return",
};

/** The event of an action that needs nothing but its key; none when something has to be filled in first. */
export function quick(may: May, said: string): NewEvent | undefined {
  if (may.fields.length > 0 || may.photos > 0) return undefined;
  const phrase = PHRASES[may.action];
  const words = said || (may.words && phrase ? t(phrase) : "");
  if (may.words && !words) return undefined;
  return words ? { action: may.action, words } : { action: may.action };
}

/** The event out of what was filled in. */
export function filled(may: May, form: FormData, photos: string[]): NewEvent {
  const fields: Record<string, string> = {};
  for (const { name } of may.fields) {
    const value = form.get(name);
    if (typeof value === "string" && value.trim()) fields[name] = value.trim();
  }
  const words = String(form.get("words") ?? "").trim();
  return {
    action: may.action,
    ...(may.fields.length > 0 && { fields: fields as CaseFields }),
    ...(words && { words }),
    ...(photos.length > 0 && { photos }),
  };
}

/** What the caller may do with a case: what has a key, in the order of a case's way, and the rest but drawing. */
export function split(whole: Whole, keys: Partial<Record<CaseAction, string>>): { steps: May[]; others: May[] } {
  const order = Object.keys(keys);
  const steps = whole.may.filter((m) => keys[m.action]).sort((a, b) => order.indexOf(a.action) - order.indexOf(b.action));
  return { steps, others: whole.may.filter((m) => !keys[m.action] && m.action !== "outline") };
}
