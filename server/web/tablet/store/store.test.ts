import "fake-indexeddb/auto";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { IDBFactory } from "fake-indexeddb";
import { beforeAll, beforeEach, expect, test } from "vitest";
import { Agent, Moved, type AgentRecord } from "../../../../edge-agent/hosts/tablet/js/agent.js";
import { exported, imported, NotAQueue } from "./backup";
import { Database } from "./db";
import { Outcomes } from "./outcomes";
import { GRACE, Queue, type Photo } from "./queue";

const DIST = resolve(import.meta.dirname, "../../../../edge-agent/hosts/tablet/dist");
const PATROL = "01a20e35-9823-734f-9405-a8d66f878601";
const SIGHTING = "01a20e35-9823-734f-9405-a8d66f878602";
let module: WebAssembly.Module;
let factory: IDBFactory;
let db: Database;
let queue: Queue;
let now = 1_795_449_600_000;

beforeAll(async () => {
  module = await WebAssembly.compile(readFileSync(`${DIST}/gengwei_tablet.wasm`));
});

beforeEach(() => {
  factory = new IDBFactory();
  db = new Database("gengwei", factory);
  queue = new Queue(db, () => now);
});

const key = (fill: number) => new Uint8Array(32).fill(fill);
const credentials = () => ({ device: 17, key: 0, up: key(1), down: key(2) });
const open = (options: Partial<Parameters<typeof Agent.open>[0]> = {}) =>
  Agent.open({ wasm: module, storage: queue, credentials: credentials(), now: () => now, ...options });

function sighting(id = SIGHTING): AgentRecord {
  return { kind: "sighting", at: Math.floor(now / 1000), id, sighting: "abandoned", patrol: PATROL, note: "荒了" };
}

function photo(fill: number, size = 64): { photo: Photo; bytes: ArrayBuffer } {
  const sha256 = fill.toString(16).padStart(64, "0");
  return { photo: { sha256, size, type: "image/jpeg", subject: SIGHTING, takenAt: now }, bytes: new Uint8Array(size).fill(fill).buffer };
}

test("a record, its history and its photo are stored together, and are there after a restart", async () => {
  const agent = await open();
  await agent.append([sighting()], { records: [sighting()], photos: [photo(7)] });
  await db.close();

  db = new Database("gengwei", factory);
  queue = new Queue(db, () => now);
  const again = await open();
  expect(again.status().waiting).toBe(1);
  expect((await queue.records()).map(({ kept }) => kept.record)).toEqual([sighting()]);
  expect((await queue.waiting()).photos).toHaveLength(1);
  expect(new Uint8Array((await queue.bytes(photo(7).photo.sha256))!)).toEqual(new Uint8Array(64).fill(7));
});

test("what cannot be stored leaves nothing behind, and the next one goes in", async () => {
  const agent = await open();
  const broken = { records: [sighting()], photos: [{ photo: photo(1).photo, bytes: (() => 0) as never }] };
  await expect(agent.append([sighting()], broken)).rejects.toThrow();
  expect(await queue.records()).toEqual([]);
  expect(await queue.photos()).toEqual([]);
  expect(agent.status().waiting).toBe(0);

  await agent.append([sighting()], { records: [sighting()] });
  expect((await open()).status().waiting).toBe(1);
});

test("every transaction that writes is a strict one", async () => {
  const strict: (string | undefined)[] = [];
  const { transaction } = IDBDatabase.prototype;
  IDBDatabase.prototype.transaction = function (stores, mode, options) {
    if (mode === "readwrite") strict.push(options?.durability);
    return transaction.call(this, stores as string[], mode, options);
  };
  try {
    const agent = await open();
    await agent.append([sighting()], { records: [sighting()], photos: [photo(7)] });
  } finally {
    IDBDatabase.prototype.transaction = transaction;
  }
  expect(strict.length).toBeGreaterThan(1);
  expect(new Set(strict)).toEqual(new Set(["strict"]));
});

test("a second tab's record is kept beside the first one's", async () => {
  const [one, other] = [await open(), await open()];
  await one.append([sighting()], { records: [sighting()] });
  await other.append([sighting(PATROL)], { records: [sighting(PATROL)] });
  expect((await open()).status().waiting).toBe(2);
  await expect(queue.write({ expects: 0, revision: 1, put: [], remove: [] })).rejects.toBeInstanceOf(Moved);
});

test("a full journal refuses, and loses nothing", async () => {
  const agent = await open({ capacity: 2048 });
  let stored = 0;
  let refusal: unknown;
  while (refusal === undefined && stored < 500) {
    await agent.append([sighting()], { records: [sighting()], photos: [photo(stored % 200)] }).then(() => stored++, (e) => (refusal = e));
  }
  expect(refusal).toMatchObject({ code: "full" });
  expect(agent.status().waiting).toBe(stored);
  expect(await queue.records()).toHaveLength(stored);
});

test("a connection that the browser closed is opened anew", async () => {
  await db.keep("a", 1);
  const held = (db as unknown as { connection: Promise<IDBDatabase> }).connection;
  (await held).close();
  expect(await db.fact("a")).toBe(1);
});

test("a copy goes only after the server's receipt and a week", async () => {
  const agent = await open();
  await agent.append([sighting()], { records: [sighting()], photos: [photo(1), photo(2), photo(3)] });
  await queue.received(photo(1).photo.sha256);
  await queue.refused(photo(2).photo.sha256, "不是照片");
  await queue.tidy();
  expect(await queue.photos()).toHaveLength(3);
  now += GRACE + 1;
  await queue.tidy();
  const left = (await queue.photos()).map((p) => p.sha256);
  expect(left).toEqual([photo(2).photo.sha256, photo(3).photo.sha256]);
  expect(await queue.bytes(photo(1).photo.sha256)).toBeUndefined();
  expect(await queue.records()).toHaveLength(1);

  await queue.settled((await queue.records()).at(-1)!.key);
  now += GRACE + 1;
  await queue.tidy(() => true);
  expect(await queue.records()).toHaveLength(1);
  await queue.tidy();
  expect(await queue.records()).toEqual([]);
});

test("an app that comes over a full queue of the first version finds all of it", async () => {
  const first = await new Promise<IDBDatabase>((resolve) => {
    const request = factory.open("gengwei", 1);
    request.onupgradeneeded = () => {
      for (const name of ["journal", "bytes", "facts"]) request.result.createObjectStore(name);
      for (const name of ["parcels", "tasks", "orders"]) request.result.createObjectStore(name, { keyPath: "id" });
      request.result.createObjectStore("records", { autoIncrement: true });
      request.result.createObjectStore("photos", { keyPath: "sha256" });
    };
    request.onsuccess = () => resolve(request.result);
  });
  const taken = photo(3);
  await new Promise<void>((done) => {
    const tx = first.transaction(["records", "photos", "bytes"], "readwrite");
    tx.objectStore("records").add({ record: sighting() });
    tx.objectStore("photos").put(taken.photo);
    tx.objectStore("bytes").put(taken.bytes, taken.photo.sha256);
    tx.oncomplete = () => done();
  });
  first.close();
  expect((await queue.records()).map(({ kept }) => kept.record)).toEqual([sighting()]);
  expect((await queue.waiting()).photos).toEqual([taken.photo]);
  expect(new Uint8Array((await queue.bytes(taken.photo.sha256))!)).toEqual(new Uint8Array(64).fill(3));
  expect(await db.all("drafts")).toEqual([]);
});

test("an exported queue comes back on an empty tablet, once", async () => {
  const agent = await open();
  await agent.append([sighting()], { records: [sighting()], photos: [photo(5, 100_000)] });
  let outcomes = new Outcomes(db);
  await outcomes.keep({ id: "o", task: "t", words: "看过", photos: [photo(5).photo.sha256], madeAt: 1 }, []);
  const file = await (await exported(queue, outcomes, now)).text();

  db = new Database("gengwei", new IDBFactory());
  [queue, outcomes] = [new Queue(db, () => now), new Outcomes(db)];
  const fresh = await open();
  const all = await imported(queue, outcomes, file);
  await fresh.append(all.records, all);
  for (const outcome of all.outcomes) await outcomes.keep(outcome, []);
  expect(await outcomes.all()).toMatchObject([{ id: "o", words: "看过" }]);
  expect(fresh.status().waiting).toBe(1);
  expect(new Uint8Array((await queue.bytes(photo(5).photo.sha256))!)).toEqual(new Uint8Array(100_000).fill(5));
  expect(await imported(queue, outcomes, file)).toEqual({ records: [], photos: [], outcomes: [] });
  await expect(imported(queue, outcomes, "{}")).rejects.toBeInstanceOf(NotAQueue);
  await expect(imported(queue, outcomes, "no")).rejects.toBeInstanceOf(NotAQueue);
});
