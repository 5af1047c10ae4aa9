/**
 * The edge agent on a tablet: a journal that survives the battery, and a sync that is exactly once.
 *
 * The rules are the same Rust that a post runs, compiled to WebAssembly; this is its surface. The page gives storage,
 * a clock and `fetch`. See README.md beside this file.
 */

/** What the server gave at enrolment. */
export interface Credentials {
  /** The device's number. */
  device: number;
  /** Which of its keys: 0 at enrolment, one more with each rotation. */
  key: number;
  /** 32 bytes; seals what the tablet sends. */
  up: Uint8Array;
  /** 32 bytes; opens what the server sends. */
  down: Uint8Array;
}

/** One piece of the journal: written and removed by its key, never looked into. */
export type Entry = [key: string, value: Uint8Array];

/** What is to be stored: all of it in one transaction, or none. */
export interface Batch {
  /** The revision that the storage must be at; 0 when nothing was ever stored. Otherwise reject with {@link Moved}. */
  expects: number;
  /** The revision that it is at afterwards. */
  revision: number;
  /** Entries to write, over older ones of the same key. */
  put: Entry[];
  /** Keys to remove. */
  remove: string[];
  /** What the page gave to `append`, such as a photo, to be stored in the same transaction. */
  companion?: unknown;
  /** Tasks that came from the server, to be stored in the same transaction; the same id replaces an older one. */
  tasks?: Task[];
}

/** Where the journal is kept; IndexedDB in a page, memory in a test. */
export interface Storage {
  /** All entries, in any order, and the revision they are at (0 and none when nothing was ever stored). */
  load(): Promise<{ revision: number; entries: Entry[] }>;
  /** Resolves when the batch is durable (IndexedDB: `durability: "strict"`, on the transaction's `complete`). */
  write(batch: Batch): Promise<void>;
}

/** Reject {@link Storage.write} with this when another tab has written since; the agent reads anew and tries again. */
export class Moved extends Error {}

/** How patient the agent is, in milliseconds; what is absent has its default. */
export interface Policy {
  /** How long to wait for an answer: 20 000. */
  answer?: number;
  /** The pause after the first exchange that failed; it doubles with each further one: 15 000. */
  retryFirst?: number;
  /** The longest such pause: 900 000. */
  retryMost?: number;
  /** The pause after an exchange that went well: 900 000. */
  period?: number;
}

export interface Options {
  /** The file `gengwei_tablet.wasm`: a response of `fetch`, its bytes, or a compiled module. */
  wasm: Response | Promise<Response> | BufferSource | WebAssembly.Module;
  storage: Storage;
  credentials: Credentials;
  /** Where frames go: `/sync`. */
  url?: string;
  /** `globalThis.fetch`. */
  fetch?: typeof globalThis.fetch;
  /** Milliseconds since 1970-01-01 UTC: `Date.now`. */
  now?: () => number;
  /** Fills an array with random bytes: `crypto.getRandomValues`. */
  random?: (bytes: Uint8Array) => void;
  /** The most bytes of records the journal keeps; beyond it records are refused, never dropped: 4 MiB. */
  capacity?: number;
  policy?: Policy;
}

/** A place on CGCS2000, in degrees. */
export interface Position {
  longitude: number;
  latitude: number;
  /** Radius of the stated accuracy in metres. */
  accuracy?: number;
}

/** What a sighting is about, in the words of the notice. */
export type SightingKind =
  | "other"
  | "non_agricultural"
  | "non_grain"
  | "abandoned"
  | "illegal_house"
  | "oversized_facility"
  | "damaged_facility"
  | "damaged_sign";

/** One thing to be told to the server. `at` is in seconds since 1970-01-01 UTC; ids are UUIDs, best version 7. */
export type AgentRecord =
  | { kind: "patrol_started"; at: number; patrol: string; region: string; task?: string }
  | { kind: "patrol_finished"; at: number; patrol: string; note?: string }
  | {
      kind: "sighting";
      at: number;
      id: string;
      sighting: SightingKind;
      patrol?: string;
      parcel?: string;
      position?: Position;
      stopped?: boolean;
      note?: string;
    }
  /** Points are `[seconds after at, longitude, latitude]`; a chunk of up to some hundred points. */
  | { kind: "track_chunk"; at: number; patrol: string; points: [number, number, number][] }
  | {
      kind: "evidence_reference";
      at: number;
      /** The sighting, patrol or task that it belongs to. */
      subject: string;
      /** SHA-256 of the file's bytes, 64 hex digits. */
      sha256: string;
      /** The file's length in bytes. */
      length: number;
      media: "jpeg" | "webp" | "mp4" | "audio";
      position?: Position;
      /** Where the camera looked, in whole degrees from north. */
      azimuth?: number;
    };

/** Something for the person with the tablet to do. */
export interface Task {
  id: string;
  kind: "withdrawn" | "patrol" | "verify" | "rectify" | "upkeep" | "other";
  region: string;
  parcel?: string;
  /** Until when, seconds since 1970-01-01 UTC. */
  due?: number;
  text?: string;
}

/** The identity of a record is the device, the epoch and the number. */
export interface Receipt {
  epoch: number;
  seq: number;
}

export interface Status {
  /** Records that the server does not have yet. */
  waiting: number;
  /** Bytes that the journal holds, and at most may. */
  used: number;
  capacity: number;
  /** When {@link Agent.sync} is next due, milliseconds since 1970-01-01 UTC; in the past for at once. */
  dueAt: number;
}

export interface SyncReport {
  /** `done`: the server has all; `unreachable`, `refused`: try again at `dueAt`. */
  outcome: "done" | "unreachable" | "refused";
  /** How many records the server took. */
  settled: number;
  /** What came down; the storage already has them. */
  tasks: Task[];
  /** The server's clock less the tablet's, in seconds, when it answered. */
  skew?: number;
  /** Why it refused: `malformed`, `unknown_suite`, `unknown_device`, `forged`, `revoked`, `busy`. */
  refusal?: string;
  /** When to sync again, milliseconds since 1970-01-01 UTC. */
  dueAt: number;
}

/** Why a call failed; nothing was stored. */
export class AgentError extends Error {
  /**
   * `full`: the journal has no room, sync first; `too_long`: a record beyond 8 KiB; `invalid`: not a record, the
   * message says which field; `damaged`: the storage gave back something else than was written.
   */
  readonly code: "full" | "too_long" | "invalid" | "damaged";
}

export class Agent {
  /** Reads the journal, or makes one in a fresh epoch. */
  static open(options: Options): Promise<Agent>;
  /**
   * Resolves when all these records, and the companion, are durable together; only then tell the person 已保存.
   * A record may be given again only with a new call, which is a new record.
   */
  append(records: AgentRecord | AgentRecord[], companion?: unknown): Promise<Receipt[]>;
  /** One exchange: sends what the server lacks until it has all or does not answer. Calls at the same time share one. */
  sync(): Promise<SyncReport>;
  /** What a status line shows; no waiting. */
  status(): Status;
  /** New keys after a rotation. */
  rekey(credentials: Credentials): void;
}
