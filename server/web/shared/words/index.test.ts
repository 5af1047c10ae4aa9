import { expect, test } from "vitest";
import { en } from "./en";
import { zh } from "./zh";

const holes = (text: string) => [...text.matchAll(/\{\w+\}/g)].map(([hole]) => hole).sort();

test("both languages have the same words with the same holes", () => {
  expect(Object.keys(en)).toEqual(Object.keys(zh));
  for (const [word, text] of Object.entries(zh)) {
    expect(holes(en[word as keyof typeof en]), word).toEqual(holes(text));
    expect(text.trim(), word).not.toBe("");
  }
});
