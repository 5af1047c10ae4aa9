import { signal } from "@preact/signals";
import { answer, api } from "../../shared/api/client";
import { Problem } from "../../shared/api/problem";
import { t } from "../../shared/words";
import { downloadParcels, downloadTasks } from "../fields/fields";
import { heldBy } from "../patrol/history";
import {
  counter, db, dueAt, enrolment, exchange, going, lastSync, me, outcomes, queue, readFields, readQueue, waiting,
  type LastSync,
} from "../state";
import { GRACE } from "../store/queue";
import { conclude } from "./conclude";
import { upload } from "./upload";

/** An exchange goes on. */
export const busy = signal(false);

/** How often is looked whether something is due, and how old fields may become, in milliseconds. */
const TICK = 30_000;
const FIELDS_AGE = 86_400_000;

/** The pause before what is left is tried again: short while something gets through, else twice the last one. */
const RETRY_FIRST = 1_000;
const RETRY_MOST = 60_000;

let running: Promise<void> | undefined;
let pause = RETRY_FIRST;
let retry: ReturnType<typeof setTimeout> | undefined;

/** Sends what waits and reads what is new; calls at the same time share one. Never throws: {@link lastSync} says it. */
export function sync(): Promise<void> {
  running ??= once().finally(() => (running = undefined));
  return running;
}

async function once(): Promise<void> {
  clearTimeout(retry);
  const before = counter.value;
  await locked(all);
  if (counter.value < before || !lastSync.value.trouble) pause = RETRY_FIRST;
  else pause = Math.min(2 * pause, RETRY_MOST);
  if (lastSync.value.trouble && navigator.onLine) retry = setTimeout(() => void sync(), pause);
}

/** On opening, when the network comes, when somebody looks again, and on a timer. */
export function keepInSync(): void {
  const due = () => navigator.onLine && (dueAt() <= Date.now() || waiting.value.photos.length > 0);
  addEventListener("online", () => void sync());
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && due() && void sync());
  setInterval(() => due() && void sync(), TICK);
  if (navigator.onLine) void sync();
}

/** Two tabs do not send the same photo at once. */
async function locked(work: () => Promise<void>): Promise<void> {
  if (!navigator.locks) return work();
  await navigator.locks.request("gengwei-sync", { ifAvailable: true }, (lock) => (lock ? work() : undefined));
}

async function all(): Promise<void> {
  const mine = enrolment.value;
  if (!mine) return;
  busy.value = true;
  const troubles: string[] = [];
  // One step's trouble is not another's: photos go up though /sync is away.
  const step = async (work: () => Promise<void>) => {
    await work().catch((error: unknown) => troubles.push(error instanceof Problem ? sentence(error) : String(error)));
    await readQueue();
  };
  try {
    await step(records);
    const line = { fetch: (...asked: Parameters<typeof fetch>) => fetch(...asked), token: mine.token };
    await step(() => upload(queue, line, () => void readQueue()));
    await step(async () => conclude(outcomes, await queue.photos(), line));
    await step(fresh);
    await step(() => queue.tidy(heldBy(going.value)));
    await step(() => outcomes.tidy(GRACE));
    await note(troubles[0]);
  } finally {
    busy.value = false;
  }
}

async function records(): Promise<void> {
  const report = await exchange();
  if (report?.outcome === "refused") throw new Problem(403, "refused", refusal(report.refusal), "");
  if (report?.outcome === "unreachable") throw new Problem(0, "no-answer", t("problem.offline"), "");
}

function refusal(why: string | undefined): string {
  if (why === "busy") return t("problem.offline");
  if (why === "revoked" || why === "unknown_device" || why === "forged") return t("sync.revoked");
  return t("sync.refused", { why: why ?? "?" });
}

function sentence(problem: Problem): string {
  return problem.status === 401 ? t("sync.revoked") : problem.sentence;
}

async function fresh(): Promise<void> {
  me.value = await answer(api.GET("/api/v1/me"));
  await db.keep("me", me.value);
  await downloadTasks(db);
  const readAt = (await db.fact<number>("parcels.at")) ?? 0;
  if (Date.now() - readAt > FIELDS_AGE) {
    await downloadParcels(db);
    await db.keep("parcels.at", Date.now());
  }
  await readFields();
}

async function note(trouble: string | undefined): Promise<void> {
  const { doneAt } = lastSync.value;
  const value: LastSync = {};
  if (!trouble && counter.value === 0) value.doneAt = Date.now();
  else if (doneAt !== undefined) value.doneAt = doneAt;
  if (trouble) value.trouble = trouble;
  lastSync.value = value;
  await db.keep("sync", value);
}
