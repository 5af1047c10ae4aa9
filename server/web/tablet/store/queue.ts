import { Moved, type AgentRecord, type Batch, type Entry, type Storage, type Task } from "../../../../edge-agent/hosts/tablet/js/agent.js";
import { result, type Database } from "./db";
import type { Draft } from "./drafts";
import type { Track } from "./track";

/** How long a copy stays after the server has it: 7 days, in milliseconds. */
export const GRACE = 7 * 86_400_000;

/** What is known about a photo; its bytes lie apart. */
export interface Photo {
  /** Its name: SHA-256 of its bytes. */
  sha256: string;
  size: number;
  type: string;
  /** The sighting that it shows. */
  subject: string;
  /** Milliseconds since 1970-01-01 UTC, as all times here. */
  takenAt: number;
  /** An upload was begun: the server may have it though its answer was lost. */
  tried?: boolean;
  /** Where its pieces go, while some are missing. */
  upload?: string;
  /** When the server's receipt came. */
  receivedAt?: number;
  /** Why the server does not want it; it stays here, and in the export. */
  refused?: string;
}

/** A record as it was told to the agent. */
export interface Kept {
  record: AgentRecord;
  /** When the server had it for certain. */
  settledAt?: number;
}

/** What is stored together with records. */
export interface Companion {
  records: AgentRecord[];
  /** Bytes that a draft has brought here already are not given again. */
  photos?: { photo: Photo; bytes?: ArrayBuffer }[];
  /** The key of the draft that becomes these records. */
  draft?: string;
  /** What is left of a track after its points became one of these records; none when the patrol ends. */
  track?: { patrol: string; left: Track | undefined };
}

/** What waits for the server. */
export interface Waiting {
  photos: Photo[];
  /** Photos that the server refused; they stay. */
  refused: Photo[];
}

/** The journal, its photos and its history: stored together or not at all, and never given up before the server has them. */
export class Queue implements Storage {
  constructor(
    private readonly db: Database,
    private readonly now: () => number = Date.now,
  ) {}

  load(): Promise<{ revision: number; entries: Entry[] }> {
    return this.db.read(["journal"], async (tx) => {
      const journal = tx.objectStore("journal");
      const [keys, values] = await Promise.all([result(journal.getAllKeys()), result(journal.getAll() as IDBRequest<unknown[]>)]);
      const all = keys.map((key, i) => [String(key), values[i]] as const);
      const revision = (all.find(([key]) => key === "revision")?.[1] as number | undefined) ?? 0;
      return { revision, entries: all.filter(([key]) => key !== "revision") as Entry[] };
    });
  }

  write({ expects, revision, put, remove, companion, tasks }: Batch): Promise<void> {
    return this.db.write(["journal", "records", "photos", "bytes", "orders", "drafts", "tracks"], async (tx) => {
      const journal = tx.objectStore("journal");
      const stands = await result(journal.get("revision") as IDBRequest<number | undefined>);
      if ((stands ?? 0) !== expects) throw new Moved();
      journal.put(revision, "revision");
      for (const [key, value] of put) journal.put(value, key);
      for (const key of remove) journal.delete(key);
      keepTasks(tx, tasks ?? []);
      await keepCompanion(tx, companion as Companion | undefined);
    });
  }

  /** Every record on this tablet with its key, oldest first. */
  records(): Promise<{ key: number; kept: Kept }[]> {
    return this.db.read(["records"], async (tx) => {
      const store = tx.objectStore("records");
      const [keys, all] = await Promise.all([result(store.getAllKeys()), result(store.getAll() as IDBRequest<Kept[]>)]);
      return all.map((kept, i) => ({ key: keys[i] as number, kept }));
    });
  }

  async waiting(): Promise<Waiting> {
    const all = await this.db.all<Photo>("photos");
    const lacking = all.filter((photo) => photo.receivedAt === undefined);
    return {
      photos: lacking.filter((photo) => photo.refused === undefined).sort((a, b) => a.takenAt - b.takenAt),
      refused: lacking.filter((photo) => photo.refused !== undefined),
    };
  }

  photos(): Promise<Photo[]> {
    return this.db.all("photos");
  }

  bytes(sha256: string): Promise<ArrayBuffer | undefined> {
    return this.db.read(["bytes"], (tx) => result(tx.objectStore("bytes").get(sha256) as IDBRequest<ArrayBuffer | undefined>));
  }

  async tried(sha256: string): Promise<void> {
    await this.change(sha256, (photo) => ({ ...photo, tried: true }));
  }

  /** An upload in pieces goes to this address, or is over. */
  async begun(sha256: string, upload: string | undefined): Promise<void> {
    await this.change(sha256, ({ upload: _, ...photo }) => (upload ? { ...photo, upload } : photo));
  }

  /** The server's receipt named this photo. */
  async received(sha256: string): Promise<void> {
    await this.change(sha256, ({ refused: _, upload: __, ...photo }) => ({ ...photo, receivedAt: this.now() }));
  }

  async refused(sha256: string, why: string): Promise<void> {
    await this.change(sha256, (photo) => ({ ...photo, refused: why }));
  }

  /** The server has every record up to this key. */
  async settled(upTo: number): Promise<void> {
    await this.db.write(["records"], async (tx) => {
      const store = tx.objectStore("records");
      const range = IDBKeyRange.upperBound(upTo);
      const [keys, all] = await Promise.all([result(store.getAllKeys(range)), result(store.getAll(range) as IDBRequest<Kept[]>)]);
      all.forEach((kept, i) => {
        if (kept.settledAt === undefined) store.put({ ...kept, settledAt: this.now() }, keys[i]!);
      });
    });
  }

  /** Lets go of what the server has had for {@link GRACE}; `holds` says of a record that it is still needed. */
  async tidy(holds: (record: AgentRecord) => boolean = () => false): Promise<void> {
    const before = this.now() - GRACE;
    const gone = (at: number | undefined) => at !== undefined && at < before;
    await this.db.write(["records", "photos", "bytes", "drafts"], async (tx) => {
      const [records, photos, bytes] = [tx.objectStore("records"), tx.objectStore("photos"), tx.objectStore("bytes")];
      const drafts = await result(tx.objectStore("drafts").getAll() as IDBRequest<Draft[]>);
      const entered = new Set(drafts.flatMap((draft) => draft.photos.map((photo) => photo.sha256)));
      const keys = await result(records.getAllKeys());
      const all = await result(records.getAll() as IDBRequest<Kept[]>);
      all.forEach((kept, i) => gone(kept.settledAt) && !holds(kept.record) && records.delete(keys[i]!));
      for (const photo of await result(photos.getAll() as IDBRequest<Photo[]>)) {
        if (!gone(photo.receivedAt)) continue;
        photos.delete(photo.sha256);
        if (!entered.has(photo.sha256)) bytes.delete(photo.sha256);
      }
    });
  }

  private change(sha256: string, how: (photo: Photo) => Photo): Promise<void> {
    return this.db.write(["photos"], async (tx) => {
      const store = tx.objectStore("photos");
      const photo = await result(store.get(sha256) as IDBRequest<Photo | undefined>);
      if (photo) store.put(how(photo));
    });
  }
}

function keepTasks(tx: IDBTransaction, tasks: Task[]): void {
  const orders = tx.objectStore("orders");
  for (const task of tasks) {
    if (task.kind === "withdrawn") orders.delete(task.id);
    else orders.put(task);
  }
}

async function keepCompanion(tx: IDBTransaction, companion: Companion | undefined): Promise<void> {
  if (!companion) return;
  for (const record of companion.records) tx.objectStore("records").add({ record } satisfies Kept);
  const photos = tx.objectStore("photos");
  for (const { photo, bytes } of companion.photos ?? []) {
    const known = await result(photos.get(photo.sha256) as IDBRequest<Photo | undefined>);
    // The same picture taken up twice: what the server said of it stays true.
    if (!known) photos.put(photo);
    if (bytes) tx.objectStore("bytes").put(bytes, photo.sha256);
    else if ((await result(tx.objectStore("bytes").getKey(photo.sha256))) === undefined) throw new Error(photo.sha256);
  }
  if (companion.draft) tx.objectStore("drafts").delete(companion.draft);
  const { track } = companion;
  if (track?.left) tx.objectStore("tracks").put(track.left);
  else if (track) tx.objectStore("tracks").delete(track.patrol);
}
