// The agent in Node: real WebAssembly, storage in memory that can fail, and a server's end in WebAssembly too.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";

import { Agent, AgentError, Moved } from "../dist/agent.js";

const module = await WebAssembly.compile(await readFile(new URL("../dist/gengwei_tablet.wasm", import.meta.url)));
const serverModule = await WebAssembly.compile(await readFile(new URL("../dist/test/server_end.wasm", import.meta.url)));

const NOW = 1_795_449_600_000;
const PATROL = "0193a1b2-0000-7000-8000-000000000001";
const SUBJECT = "0193a1b2-0000-7000-8000-000000000002";

/** Storage as a page gives it, in memory. */
class Memory {
  revision = 0;
  entries = new Map();
  companions = [];
  tasks = new Map();
  /** Fails the next so many writes. */
  failures = 0;

  async load() {
    return { revision: this.revision, entries: [...this.entries] };
  }

  async write({ expects, revision, put, remove, companion, tasks }) {
    await null;
    if (this.failures > 0) {
      this.failures--;
      throw new Error("no quota");
    }
    if (expects !== this.revision) throw new Moved();
    this.revision = revision;
    for (const [key, value] of put) this.entries.set(key, value);
    for (const key of remove) this.entries.delete(key);
    if (companion !== undefined) this.companions.push(companion);
    for (const task of tasks ?? []) this.tasks.set(task.id, task);
  }

  get records() {
    return [...this.entries.keys()].filter((key) => key.startsWith("record:")).length;
  }
}

/** The server's end; `loss` is a function that says whether this request, or its answer, gets lost. */
class Server {
  requests = 0;
  bodies = [];
  loss = () => "none";
  fetch = async (url, { body }) => {
    assert.equal(url, "/sync");
    this.requests++;
    this.bodies.push(body);
    const fate = this.loss(this.requests);
    if (fate === "request") throw new TypeError("network");
    const exports = this.instance.exports;
    const request = exports.server_bytes(body.length);
    new Uint8Array(exports.memory.buffer, request, body.length).set(body);
    const length = exports.server_take();
    if (fate === "answer") throw new TypeError("network");
    const start = exports.server_bytes(length);
    const answer = new Uint8Array(exports.memory.buffer, start, length).slice();
    return new Response(fate === "damage" ? answer.map((byte, at) => (at === 20 ? byte ^ 1 : byte)) : answer);
  };

  static async start() {
    const server = new Server();
    server.instance = await WebAssembly.instantiate(serverModule);
    return server;
  }

  get stored() {
    return this.instance.exports.server_stored();
  }
}

const credentials = { device: 17, key: 0, up: new Uint8Array(32).fill(1), down: new Uint8Array(32).fill(2) };

function open(storage, server, more = {}) {
  return Agent.open({ wasm: module, storage, credentials, fetch: server.fetch, now: () => NOW, ...more });
}

const started = { kind: "patrol_started", at: NOW / 1000, patrol: PATROL, region: "640502102210" };
const sighting = {
  kind: "sighting",
  at: NOW / 1000,
  id: SUBJECT,
  sighting: "illegal_house",
  patrol: PATROL,
  position: { longitude: 105.1912345, latitude: 37.5, accuracy: 4.2 },
  note: "耕地上打地基",
};
const photo = {
  kind: "evidence_reference",
  at: NOW / 1000,
  subject: SUBJECT,
  sha256: "ab".repeat(32),
  length: 1_234_567,
  media: "jpeg",
  azimuth: 270,
};
const track = { kind: "track_chunk", at: NOW / 1000, patrol: PATROL, points: [[0, 105.1, 37.5], [10, 105.1001, 37.5001]] };

test("what was appended reaches the server once, and the task comes down", async () => {
  const [storage, server] = [new Memory(), await Server.start()];
  const agent = await open(storage, server);
  const receipts = await agent.append([started, sighting, photo, track], { photo: "blob" });
  assert.deepEqual(receipts.map(({ seq }) => seq), [0, 1, 2, 3]);
  assert.deepEqual(storage.companions, [{ photo: "blob" }]);
  assert.equal(agent.status().waiting, 4);

  const report = await agent.sync();
  assert.equal(report.outcome, "done");
  assert.deepEqual([report.settled, server.stored, agent.status().waiting], [4, 4, 0]);
  assert.equal(report.skew, 0);
  assert.deepEqual([...storage.tasks.values()].map(({ kind, text, region }) => [kind, text, region]), [
    ["verify", "核实举证", "640502102210"],
  ]);
  assert.ok(report.dueAt > NOW);

  const again = await agent.sync();
  assert.deepEqual([again.settled, again.tasks, server.stored], [0, [], 4]);
});

test("a page that closes and opens again goes on where the storage is", async () => {
  const [storage, server] = [new Memory(), await Server.start()];
  const first = await open(storage, server);
  const [{ epoch }] = await first.append(started);
  const second = await open(storage, server);
  assert.equal(second.status().waiting, 1);
  const [receipt] = await second.append(sighting);
  assert.deepEqual(receipt, { epoch, seq: 1 });
});

test("a write that fails leaves nothing behind", async () => {
  const [storage, server] = [new Memory(), await Server.start()];
  const agent = await open(storage, server);
  storage.failures = 1;
  await assert.rejects(agent.append(started, "photo"), /no quota/);
  assert.deepEqual([storage.records, storage.companions], [0, []]);
  assert.deepEqual((await agent.append(sighting)).map(({ seq }) => seq), [0]);
  assert.equal(agent.status().waiting, 1);
});

test("two tabs share a journal: no number and no frame counter comes twice", async () => {
  const [storage, server] = [new Memory(), await Server.start()];
  const tabs = [await open(storage, server), await open(storage, server)];
  const receipts = await Promise.all(
    Array.from({ length: 10 }, (_, at) => tabs[at % 2].append({ ...started, at: NOW / 1000 + at })),
  );
  const seqs = receipts.flat().map(({ seq }) => seq).sort((a, b) => a - b);
  assert.deepEqual(seqs, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  for (const tab of tabs) await tab.sync();
  assert.equal(server.stored, 10);
  assert.equal(new Set(server.bodies.map((body) => Buffer.from(body).toString("hex"))).size, server.bodies.length);
});

test("a full journal refuses, and takes again once the server has what it holds", async () => {
  const [storage, server] = [new Memory(), await Server.start()];
  const agent = await open(storage, server, { capacity: 200 });
  let taken = 0;
  const fill = async () => {
    for (;;) {
      await agent.append(started);
      taken++;
    }
  };
  await assert.rejects(fill(), (error) => error instanceof AgentError && error.code === "full");
  assert.equal(storage.records, taken);
  await agent.sync();
  await agent.append(started);
  assert.equal(agent.status().waiting, 1);
  assert.equal(server.stored, taken);
});

test("lost requests, lost answers and damaged answers cost time and nothing else", async () => {
  const [storage, server] = [new Memory(), await Server.start()];
  const agent = await open(storage, server);
  const fates = ["request", "answer", "damage"];
  server.loss = (request) => fates[request - 1] ?? "none";
  await agent.append([started, sighting]);
  for (const _ of fates) {
    const report = await agent.sync();
    assert.equal(report.outcome, "unreachable");
    assert.ok(report.dueAt > NOW);
    assert.equal(agent.status().waiting, 2);
  }
  assert.equal((await agent.sync()).outcome, "done");
  assert.deepEqual([server.stored, agent.status().waiting], [2, 0]);
});

test("a server set back to an old backup gets again what the tablet still holds", async () => {
  const [storage, server] = [new Memory(), await Server.start()];
  const agent = await open(storage, server);
  await agent.append([started, sighting, photo]);
  await agent.sync();
  server.instance.exports.server_set_back();
  assert.equal(server.stored, 0);
  assert.equal((await agent.sync()).outcome, "done");
  assert.equal(server.stored, 3);
});

test("a long queue goes in a few requests", async () => {
  const [storage, server] = [new Memory(), await Server.start()];
  const agent = await open(storage, server);
  await agent.append(Array.from({ length: 1000 }, (_, at) => ({ ...started, at: NOW / 1000 + at })));
  const report = await agent.sync();
  assert.deepEqual([report.outcome, report.settled, server.stored], ["done", 1000, 1000]);
  assert.ok(server.requests <= 4, `${server.requests} requests`);
});

test("a record that is none is refused with the reason, and nothing is stored", async () => {
  const [storage, server] = [new Memory(), await Server.start()];
  const agent = await open(storage, server);
  const wrong = [
    [{ ...started, region: "64" + "0".repeat(9) }, "invalid"],
    [{ ...started, patrol: "not a uuid" }, "invalid"],
    [{ ...started, kind: "party" }, "invalid"],
    [{ ...started, patrl: PATROL }, "invalid"],
    [{ ...photo, sha256: "ab" }, "invalid"],
    [{ ...sighting, position: { longitude: 37.5, latitude: 105.19 } }, "invalid"],
    [{ ...sighting, note: "长".repeat(3000) }, "too_long"],
  ];
  for (const [record, code] of wrong) {
    await assert.rejects(agent.append([started, record]), (error) => error.code === code, JSON.stringify(record));
  }
  assert.equal(storage.records, 0);
  assert.equal(agent.status().waiting, 0);
});

test("a storage that gives back something else is not taken for a journal", async () => {
  const [storage, server] = [new Memory(), await Server.start()];
  storage.entries.set("state", new Uint8Array([255]));
  await assert.rejects(open(storage, server), (error) => error.code === "damaged");
});
