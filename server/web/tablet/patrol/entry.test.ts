import "fake-indexeddb/auto";
import { IDBFactory } from "fake-indexeddb";
import { beforeEach, expect, test, vi } from "vitest";
import { Database } from "../store/db";
import { Drafts, type Draft } from "../store/drafts";
import { GRACE, Queue } from "../store/queue";
import { Entry } from "./entry";

const PHOTO = { sha256: "ab".repeat(32), bytes: new Uint8Array([1, 2, 3]).buffer, type: "image/jpeg" as const };
let db: Database;
let drafts: Drafts;

beforeEach(() => {
  db = new Database("gengwei", new IDBFactory());
  drafts = new Drafts(db);
});

const blank = (): Draft => ({ key: "sighting", id: "an id", begunAt: Date.now(), note: "", photos: [] });
const begin = (left?: Draft) => new Entry(drafts, blank(), left, () => {}, (error) => expect.fail(String(error)));
const kept = async () => (await drafts.all())[0];
const fix = (accuracy: number, at = Date.now()) => ({ lon: 105, lat: 37, accuracy, at });

test("every change is kept, the last one last, and a fresh page finds it", async () => {
  const entry = begin();
  expect(await kept()).toBeUndefined();
  entry.change({ kind: "abandoned" });
  for (const note of ["荒", "荒了", "荒了三年"]) entry.change({ note });
  await entry.add(PHOTO);
  await vi.waitFor(async () => expect(await kept()).toMatchObject({ kind: "abandoned", note: "荒了三年", photos: [{ subject: "an id" }] }));
  const again = begin(await kept());
  expect(again.draft.value).toEqual(entry.draft.value);
  expect(await new Queue(db).bytes(PHOTO.sha256)).toBeDefined();
});

test("a photo is on the screen only when it is kept, once, and goes with the draft", async () => {
  const entry = begin();
  await entry.add(PHOTO);
  await entry.add(PHOTO);
  expect(entry.draft.value.photos).toHaveLength(1);
  await expect(entry.add({ ...PHOTO, sha256: "cd", bytes: (() => 0) as never })).rejects.toThrow();
  expect(entry.draft.value.photos).toHaveLength(1);
  await entry.remove(PHOTO.sha256);
  expect(await kept()).toBeUndefined();
  expect(await new Queue(db).bytes(PHOTO.sha256)).toBeUndefined();
});

test("a photo that the queue holds stays when a draft with it is given up, and one of a draft when the queue tidies", async () => {
  let now = 1;
  const queue = new Queue(db, () => now);
  const entry = begin();
  await entry.add(PHOTO);
  const photo = { sha256: PHOTO.sha256, size: 3, type: PHOTO.type, subject: "another", takenAt: 1 };
  await queue.write({ expects: 0, revision: 1, put: [], remove: [], companion: { records: [], photos: [{ photo }] } });
  await queue.received(photo.sha256);
  now += GRACE + 1;
  await queue.tidy();
  expect(await queue.bytes(photo.sha256)).toBeDefined();
  await queue.write({ expects: 1, revision: 2, put: [], remove: [], companion: { records: [], photos: [{ photo }] } });
  await entry.end((draft) => drafts.drop(draft));
  expect(await queue.bytes(photo.sha256)).toBeDefined();
});

test("what becomes of a draft ends it; a failure leaves it as it was", async () => {
  const entry = begin();
  entry.change({ note: "一" });
  await expect(entry.end(() => Promise.reject(new Error("full")))).rejects.toThrow("full");
  entry.change({ note: "一二" });
  await vi.waitFor(async () => expect(await kept()).toMatchObject({ note: "一二" }));
  const queue = new Queue(db);
  await entry.end(({ key }) => queue.write({ expects: 0, revision: 1, put: [], remove: [], companion: { records: [], draft: key } }));
  entry.change({ note: "too late" });
  expect(await kept()).toBeUndefined();
});

test("a photo whose bytes are not here is not told of", async () => {
  const photo = { sha256: PHOTO.sha256, size: 3, type: PHOTO.type, subject: "s", takenAt: 1 };
  const companion = { records: [], photos: [{ photo }] };
  await expect(new Queue(db).write({ expects: 0, revision: 1, put: [], remove: [], companion })).rejects.toThrow();
});

test("the better position of the first minutes stands; one from home does not", () => {
  const entry = begin();
  entry.stand(fix(50));
  entry.change({ kind: "other" });
  entry.stand(fix(8));
  entry.stand(fix(30));
  expect(entry.draft.value.fix?.accuracy).toBe(8);
  const restored = begin({ ...blank(), kind: "other", begunAt: Date.now() - 3_600_000 });
  restored.stand(fix(5));
  expect(restored.draft.value.fix).toBeUndefined();
});
