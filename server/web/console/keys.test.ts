import { expect, test } from "vitest";
import { actionOf, KEYS, letter } from "./keys";

const press = (code: string, more: object = {}) => letter({ code, target: null, ...more } as unknown as KeyboardEvent);

test("letters come from the key's place, whatever the input method writes", () => {
  expect(press("KeyY", { key: "Process" })).toBe("Y");
  expect(press("ArrowDown")).toBe("J");
  expect(press("KeyY", { ctrlKey: true })).toBe("");
  expect(press("KeyY", { target: { closest: () => ({}) } })).toBe("");
});

test("no two actions share a key, none takes a key of the queue, and only a possible one is done", () => {
  const keys = Object.values(KEYS);
  expect(new Set([...keys, "J", "K", "Z", "E", "M"]).size).toBe(keys.length + 5);
  const accept = { action: "accept", title: "签收", words: false, photos: 0, fields: [] } as const;
  expect(actionOf("S", [{ ...accept, fields: [] }])?.action).toBe("accept");
  expect(actionOf("C", [{ ...accept, fields: [] }])).toBeUndefined();
});
