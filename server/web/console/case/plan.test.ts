import { expect, test } from "vitest";
import type { May } from "../../shared/api/schema";
import { filled, quick } from "./plan";

const may = (more: Partial<May>): May => ({ action: "accept", title: "", words: false, photos: 0, fields: [], ...more });
const due = { name: "due", title: "完成期限", form: "date", choices: [] } as const;

test("a key is enough only for what needs nothing filled in", () => {
  expect(quick(may({}), "")).toEqual({ action: "accept" });
  expect(quick(may({}), "看过了")).toEqual({ action: "accept", words: "看过了" });
  expect(quick(may({ fields: [{ ...due, choices: [] }] }), "")).toBeUndefined();
  expect(quick(may({ photos: 1 }), "")).toBeUndefined();
});

test("where words are wanted a stock phrase stands in, if there is one", () => {
  expect(quick(may({ action: "rectify", words: true }), "")?.words).toBe("已整改到位。");
  expect(quick(may({ action: "comment", words: true }), "")).toBeUndefined();
});

test("a form becomes an event with what was asked for and nothing else", () => {
  const form = new FormData();
  form.set("due", "2026-12-31");
  form.set("made_up", "x");
  form.set("words", " 限期复耕。 ");
  const asked = may({ action: "order", words: true, fields: [{ ...due, choices: [] }] });
  expect(filled(asked, form, ["ab"])).toEqual({ action: "order", fields: { due: "2026-12-31" }, words: "限期复耕。", photos: ["ab"] });
});
