// A tablet as a page would run it, for tests/tablet.rs: enrols with a code, appends, syncs, and prints what it was told.
//
//   node tablet.mjs URL CODE
import { readFile } from "node:fs/promises";

import { Agent } from "../edge-agent/hosts/tablet/dist/agent.js";

const [url, code] = process.argv.slice(2);
const wasm = await readFile(new URL("../edge-agent/hosts/tablet/dist/gengwei_tablet.wasm", import.meta.url));

const enrolled = await fetch(`${url}/api/v1/enrolments`, {
  method: "POST",
  headers: { "content-type": "application/json" },
  body: JSON.stringify({ code }),
});
if (enrolled.status !== 201) throw new Error(`${enrolled.status} ${await enrolled.text()}`);
const { device, key, up, down } = await enrolled.json();
const bytes = (hex) => Uint8Array.from(Buffer.from(hex, "hex"));

const entries = new Map();
let at = 0;
const storage = {
  load: async () => ({ revision: at, entries: [...entries] }),
  write: async ({ revision, put, remove }) => {
    at = revision;
    for (const [name, value] of put) entries.set(name, value);
    for (const name of remove) entries.delete(name);
  },
};
const credentials = { device, key, up: bytes(up), down: bytes(down) };
const agent = await Agent.open({ wasm, storage, credentials, url: `${url}/sync` });

const now = Math.floor(Date.now() / 1000);
const patrol = crypto.randomUUID();
const sighting = crypto.randomUUID();
const position = { longitude: 105.1912, latitude: 37.5134, accuracy: 5 };
await agent.append({ kind: "patrol_started", at: now - 600, patrol, region: "64050210221001" });
const points = Array.from({ length: 60 }, (_, step) => [step * 10, 105.19 + step * 1e-5, 37.51]);
await agent.append({ kind: "track_chunk", at: now - 600, patrol, points });
await agent.append([
  { kind: "sighting", at: now - 300, id: sighting, sighting: "illegal_house", patrol, position, note: "地基已挖" },
  { kind: "evidence_reference", at: now - 300, subject: sighting, sha256: "ab".repeat(32), length: 1000, media: "jpeg" },
]);
await agent.append({ kind: "patrol_finished", at: now - 60, patrol, note: "无其他异常" });
const report = await agent.sync();
console.log(JSON.stringify({ device, ...report, waiting: agent.status().waiting }));
