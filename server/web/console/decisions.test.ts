import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Whole } from "../shared/api/schema";
import { Decisions, type Decision } from "./decisions";

const sent: string[] = [];
let answer: (d: Decision) => Promise<Whole> = async (d) => ({ id: d.case }) as Whole;
const make = () => new Decisions((d) => (sent.push(`${d.case} ${d.event.action} ${d.version}`), answer(d)), 1000);

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  vi.useRealTimers();
  sent.length = 0;
  answer = async (d) => ({ id: d.case }) as Whole;
});

test("a decision leaves only after its grace, once", async () => {
  const decisions = make();
  decisions.decide("a", 3, { action: "accept" });
  await vi.advanceTimersByTimeAsync(999);
  expect(sent).toEqual([]);
  await vi.advanceTimersByTimeAsync(5000);
  expect(sent).toEqual(["a accept 3"]);
  expect(decisions.of("a")).toMatchObject({ state: "done", after: { id: "a" } });
});

test("what is taken back never leaves; the latest goes first", async () => {
  const decisions = make();
  decisions.decide("a", 1, { action: "accept" });
  decisions.decide("b", 1, { action: "accept" });
  expect(decisions.undo()).toBe("b");
  expect(decisions.undo("a")).toBe("a");
  expect(decisions.undo()).toBeUndefined();
  await vi.advanceTimersByTimeAsync(5000);
  expect(sent).toEqual([]);
});

test("a second thought replaces the first, as long as that waits", async () => {
  const decisions = make();
  decisions.decide("a", 1, { action: "confirm" });
  await vi.advanceTimersByTimeAsync(900);
  decisions.decide("a", 1, { action: "refute" });
  await vi.advanceTimersByTimeAsync(900);
  expect(sent).toEqual([]);
  answer = () => new Promise(() => undefined);
  await vi.advanceTimersByTimeAsync(200);
  expect(sent).toEqual(["a refute 1"]);
  expect(decisions.decide("a", 1, { action: "confirm" })).toBe(false);
});

test("whoever leaves the page sends everything at once; a refusal is kept with its reason", async () => {
  const decisions = make();
  answer = async (d) => {
    if (d.case === "b") throw new Error("stale");
    return { id: d.case } as Whole;
  };
  decisions.decide("a", 1, { action: "accept" });
  decisions.decide("b", 1, { action: "accept" });
  await decisions.flush();
  expect(decisions.of("a")?.state).toBe("done");
  expect(decisions.of("b")).toMatchObject({ state: "refused", error: new Error("stale") });
});
