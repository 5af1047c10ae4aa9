import { computed, signal } from "@preact/signals";
import wasmUrl from "../../../edge-agent/hosts/tablet/dist/gengwei_tablet.wasm?url";
import { Agent, AgentError, type AgentRecord, type SyncReport } from "../../../edge-agent/hosts/tablet/js/agent.js";
import { api } from "../shared/api/client";
import type { Me } from "../shared/api/schema";
import { t } from "../shared/words";
import { credentials, enrol, type Enrolment } from "./enrol";
import type { Parcel, Task } from "./fields/fields";
import { Entry, isBegun } from "./patrol/entry";
import { patrolsOf, underWay } from "./patrol/history";
import { uuid7 } from "./patrol/ids";
import { Database } from "./store/db";
import { Drafts, type Draft } from "./store/drafts";
import { Outcomes, type Outcome } from "./store/outcomes";
import { Queue, type Companion, type Kept, type Waiting } from "./store/queue";
import { chunk, type Track } from "./store/track";
import type { Task as Order } from "../../../edge-agent/hosts/tablet/js/agent.js";

/** What the last exchange with the server came to. */
export interface LastSync {
  /** When everything was with the server last. */
  doneAt?: number;
  /** What stood in the way since. */
  trouble?: string;
}

export const db = new Database();
export const queue = new Queue(db);
export const outcomes = new Outcomes(db);
const store = new Drafts(db);

/** `undefined` until the database was read, `null` when this tablet has not been enrolled. */
export const enrolment = signal<Enrolment | null | undefined>(undefined);
export const me = signal<Me | undefined>(undefined);
export const parcels = signal<Parcel[]>([]);
export const tasks = signal<Task[]>([]);
export const orders = signal<Order[]>([]);
export const records = signal<Kept[]>([]);
export const waiting = signal<Waiting>({ photos: [], refused: [] });
export const unsent = signal(0);
/** What tasks came to, of late. */
export const results = signal<Outcome[]>([]);
/** What is being entered. */
export const drafts = signal<Draft[]>([]);
/** Why the last draft could not be kept, in words. */
export const notKept = signal("");
export const lastSync = signal<LastSync>({});

export const patrols = computed(() => patrolsOf(records.value));
export const going = computed(() => underWay(patrols.value));
/** Records, photos and outcomes that the server does not have. */
export const counter = computed(
  () => unsent.value + waiting.value.photos.length + waiting.value.refused.length + unsentResults.value.length,
);
export const unsentResults = computed(() => results.value.filter((outcome) => outcome.receivedAt === undefined));

let agent: Agent | undefined;

api.use({
  onRequest({ request }) {
    if (enrolment.value) request.headers.set("authorization", `Bearer ${enrolment.value.token}`);
    return request;
  },
});

/** Reads what this tablet has; needs no network. */
export async function boot(): Promise<void> {
  const known = await db.fact<Enrolment>("enrolment");
  me.value = await db.fact<Me>("me");
  lastSync.value = (await db.fact<LastSync>("sync")) ?? {};
  if (known) await start(known);
  drafts.value = await store.all();
  await readFields();
  await readQueue();
  enrolment.value = known ?? null;
}

/** Takes a code's keys. Records that wait stay, and go under the new keys. */
export async function takeCode(code: string): Promise<void> {
  const fresh = await enrol(code);
  await db.keep("enrolment", fresh);
  await db.keep("sync", {});
  lastSync.value = {};
  if (agent && enrolment.value?.device === fresh.device) agent.rekey(credentials(fresh));
  else await start(fresh);
  await readQueue();
  enrolment.value = fresh;
}

async function start(keys: Enrolment): Promise<void> {
  agent = await Agent.open({ wasm: fetch(wasmUrl), storage: queue, credentials: credentials(keys) });
}

export async function readFields(): Promise<void> {
  [parcels.value, tasks.value, orders.value] = await Promise.all([db.all<Parcel>("parcels"), db.all<Task>("tasks"), db.all<Order>("orders")]);
}

export async function readQueue(): Promise<void> {
  const [all, photos, found] = await Promise.all([queue.records(), queue.waiting(), outcomes.all()]);
  results.value = found;
  records.value = all.map(({ kept }) => kept);
  waiting.value = photos;
  unsent.value = agent?.status().waiting ?? all.filter(({ kept }) => kept.settledAt === undefined).length;
}

/** Stores records with their photos, durably, or throws a sentence for the person. `draft` is what they were. */
export async function file(told: AgentRecord[], photos: Companion["photos"] = [], draft?: string): Promise<void> {
  if (!agent) throw new Error(t("tablet.notenrolled"));
  try {
    await agent.append(told, { records: told, photos, ...(draft ? { draft } : {}) } satisfies Companion);
  } catch (error) {
    throw new Error(sentence(error));
  }
  forget(draft);
  await readQueue();
}

/** Stores points of a track, and what of it is still open. */
export async function fileTrack(told: AgentRecord[], left: Track): Promise<void> {
  await agent?.append(told, { records: told, track: { patrol: left.patrol, left } } satisfies Companion);
  await readQueue();
}

/** Ends a patrol, with what is left of its track if it has one. */
export async function finishPatrol(patrol: string, track: Track | undefined): Promise<void> {
  const last = track && chunk(track);
  const end: AgentRecord = { kind: "patrol_finished", at: Math.floor(Date.now() / 1000), patrol };
  const told = last ? [last, end] : [end];
  if (!agent) throw new Error(t("tablet.notenrolled"));
  try {
    await agent.append(told, { records: told, track: { patrol, left: undefined } } satisfies Companion);
  } catch (error) {
    throw new Error(sentence(error));
  }
  await readQueue();
}

/** Stores what a task came to, likewise. */
export async function conclude({ key, id, photos, begunAt, note }: Draft, task: string): Promise<void> {
  const outcome = { id, task, words: note.trim(), photos: photos.map((photo) => photo.sha256), madeAt: begunAt };
  try {
    await outcomes.keep(outcome, photos.map(({ stand: _, ...photo }) => photo), key);
  } catch (error) {
    throw new Error(sentence(error));
  }
  forget(key);
  await readQueue();
}

/** What is being entered under a key: what an earlier life of the page left, or nothing yet. */
export function entering(key: string): Entry {
  const now = Date.now();
  const patrol = going.value?.id;
  const blank: Draft = { key, id: uuid7(now), begunAt: now, note: "", photos: [], ...(patrol ? { patrol } : {}) };
  const told = (draft: Draft) => {
    notKept.value = "";
    const others = drafts.value.filter((one) => one.key !== key);
    drafts.value = isBegun(draft) ? [...others, draft] : others;
  };
  const left = drafts.value.find((draft) => draft.key === key);
  return new Entry(store, blank, left, told, (error) => (notKept.value = sentence(error)));
}

/** Gives up what was being entered. */
export async function giveUp(draft: Draft): Promise<void> {
  await store.drop(draft);
  forget(draft.key);
}

function forget(key: string | undefined): void {
  drafts.value = drafts.value.filter((draft) => draft.key !== key);
}

/** Why something was not stored, in words. */
export function sentence(error: unknown): string {
  if (error instanceof AgentError && error.code === "full") return t("store.journalfull");
  if (error instanceof AgentError && error.code === "too_long") return t("store.toolong");
  if (error instanceof Error && error.name === "QuotaExceededError") return t("store.full");
  return t("store.failed", { why: error instanceof Error ? error.message : String(error) });
}

/** One exchange of records; notes which the server then has for certain. */
export async function exchange(): Promise<SyncReport | undefined> {
  if (!agent) return undefined;
  const upTo = (await queue.records()).at(-1)?.key;
  const report = await agent.sync();
  // Others may have been added since; those up to here were in the journal before the exchange.
  if (report.outcome === "done" && agent.status().waiting === 0 && upTo !== undefined) await queue.settled(upTo);
  return report;
}

/** When records should be exchanged next, milliseconds since 1970-01-01 UTC. */
export function dueAt(): number {
  return agent?.status().dueAt ?? Infinity;
}
