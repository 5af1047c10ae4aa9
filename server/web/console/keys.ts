import type { CaseAction, May } from "../shared/api/schema";

/**
 * The key of each action in triage. Read from the key's place on the keyboard, so that a Chinese input method that is
 * switched on is no obstacle.
 */
export const KEYS: Partial<Record<CaseAction, string>> = {
  accept: "S",
  suspect: "Y",
  refute: "N",
  confirm: "V",
  determine: "D",
  order: "O",
  rectify: "R",
  check: "G",
  close: "C",
  grant: "W",
  return: "B",
  assign: "A",
  delegate: "L",
  forward: "U",
  persuade: "P",
};

/** Which letter was pressed, `""` for anything else: with a modifier, or while somebody types into a field. */
export function letter(event: KeyboardEvent): string {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return "";
  const field = event.target as Element | null;
  if (field?.closest?.("input, textarea, select, [contenteditable]")) return "";
  if (event.code.startsWith("Key")) return event.code.slice(3);
  return { ArrowDown: "J", ArrowUp: "K" }[event.code] ?? "";
}

/** What a letter does, among what somebody may do now. */
export function actionOf(pressed: string, may: readonly May[]): May | undefined {
  return may.find((m) => KEYS[m.action] === pressed);
}
