import { signal } from "@preact/signals";
import { zh } from "./zh";
import { en } from "./en";

export type Word = keyof typeof zh;
export type Language = "zh" | "en";

const KEY = "gengwei.language";
const books: Record<Language, Record<Word, string>> = { zh, en };

function remembered(): Language {
  return globalThis.localStorage?.getItem(KEY) === "en" ? "en" : "zh";
}

/** Chinese unless somebody chose English on this device. */
export const language = signal<Language>(remembered());

export function speak(chosen: Language): void {
  language.value = chosen;
  globalThis.localStorage?.setItem(KEY, chosen);
  document.documentElement.lang = chosen === "zh" ? "zh-CN" : "en";
}

/** A text of the interface; `{name}` in it is replaced. */
export function t(word: Word, with_: Record<string, string | number> = {}): string {
  return books[language.value][word].replace(/\{(\w+)\}/g, (whole, name: string) => String(with_[name] ?? whole));
}
