import type { AgentRecord } from "../../../../edge-agent/hosts/tablet/js/agent.js";
import type { Outcome, Outcomes } from "./outcomes";
import type { Companion, Photo, Queue } from "./queue";

const FORMAT = "gengwei-queue";

interface Exported {
  format: typeof FORMAT;
  version: 1;
  at: number;
  records: AgentRecord[];
  photos: (Photo & { base64: string })[];
  /** Of tasks; files of the first tablets have none. */
  outcomes?: Outcome[];
}

/**
 * Everything that the server may lack, in one file. Records are in it as they were told, not as the journal keeps
 * them: the journal's counters must never be set back, or a nonce would come twice.
 */
export async function exported(queue: Queue, outcomes: Outcomes, now: number): Promise<Blob> {
  const records = (await queue.records()).filter(({ kept }) => kept.settledAt === undefined);
  const { photos, refused } = await queue.waiting();
  const all: Exported["photos"] = [];
  for (const photo of [...photos, ...refused]) {
    const bytes = await queue.bytes(photo.sha256);
    if (bytes) all.push({ ...photo, base64: toBase64(bytes) });
  }
  const found = (await outcomes.all()).filter((outcome) => outcome.receivedAt === undefined);
  const whole: Exported = {
    format: FORMAT, version: 1, at: now, records: records.map(({ kept }) => kept.record), photos: all, outcomes: found,
  };
  return new Blob([JSON.stringify(whole)], { type: "application/json" });
}

/** What came with a file. */
export interface Imported extends Companion {
  outcomes: Outcome[];
}

/** What a file of {@link exported} holds that this tablet does not have; throws when it is no such file. */
export async function imported(queue: Queue, outcomes: Outcomes, text: string): Promise<Imported> {
  const whole = read(text);
  const concluded = new Set((await outcomes.all()).map((outcome) => outcome.id));
  const known = new Set((await queue.records()).map(({ kept }) => JSON.stringify(kept.record)));
  const photos = new Set((await queue.photos()).map((photo) => photo.sha256));
  return {
    records: whole.records.filter((record) => !known.has(JSON.stringify(record))),
    photos: whole.photos
      .filter((photo) => !photos.has(photo.sha256))
      // Another tablet's upload is not ours to go on with.
      .map(({ base64, upload: _, ...photo }) => ({ photo, bytes: fromBase64(base64) })),
    outcomes: (whole.outcomes ?? []).filter((outcome) => !concluded.has(outcome.id)),
  };
}

/** The file is none of ours. */
export class NotAQueue extends Error {}

function read(text: string): Exported {
  let whole: Partial<Exported>;
  try {
    whole = JSON.parse(text) as Partial<Exported>;
  } catch {
    throw new NotAQueue();
  }
  const ours = whole?.format === FORMAT && whole.version === 1 && Array.isArray(whole.records) && Array.isArray(whole.photos);
  if (!ours) throw new NotAQueue();
  return whole as Exported;
}

/** Bytes a step: few enough to be arguments of a call. */
const STEP = 0x8000;

function toBase64(bytes: ArrayBuffer): string {
  const all = new Uint8Array(bytes);
  let text = "";
  for (let at = 0; at < all.length; at += STEP) text += String.fromCharCode(...all.subarray(at, at + STEP));
  return btoa(text);
}

function fromBase64(text: string): ArrayBuffer {
  return Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer;
}
