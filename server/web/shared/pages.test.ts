import { expect, test } from "vitest";
import { Pages } from "./pages";

test("pages follow each other and end", async () => {
  const asked: (string | undefined)[] = [];
  const pages = new Pages<number>(async (cursor) => {
    asked.push(cursor);
    return cursor ? { items: [3], next: null } : { items: [1, 2], next: "c" };
  });
  await pages.reload();
  await pages.more();
  await pages.more();
  expect(pages.rows.value).toEqual([1, 2, 3]);
  expect(asked).toEqual([undefined, "c"]);
});

test("somebody who wants all of a list gets it, within bounds", async () => {
  const pages = new Pages<number>(async (cursor) => {
    const from = Number(cursor ?? 0);
    return { items: [from, from + 1], next: from < 8 ? String(from + 2) : null };
  });
  await pages.reload();
  await pages.all(6);
  expect(pages.rows.value).toEqual([0, 1, 2, 3, 4, 5]);
  await pages.all();
  expect(pages.rows.value.length).toBe(10);
});

test("an answer that comes after a newer question is dropped", async () => {
  let slow!: (page: { items: string[] }) => void;
  const answers = [new Promise<{ items: string[] }>((done) => (slow = done)), Promise.resolve({ items: ["new"] })];
  const pages = new Pages<string>(() => answers.shift()!);
  const first = pages.reload();
  await pages.reload();
  slow({ items: ["old"] });
  await first;
  expect(pages.rows.value).toEqual(["new"]);
  expect(pages.busy.value).toBe(false);
});

test("a failure is told and the rows stay", async () => {
  let fail = false;
  const pages = new Pages<number>(async () => {
    if (fail) throw new Error("away");
    return { items: [1], next: null };
  });
  await pages.reload();
  fail = true;
  await pages.reload();
  expect(pages.rows.value).toEqual([1]);
  expect(pages.error.value).toEqual(new Error("away"));
});
