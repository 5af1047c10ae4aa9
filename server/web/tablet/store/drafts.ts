import type { SightingKind } from "../../../../edge-agent/hosts/tablet/js/agent.js";
import type { Spot } from "../fields/geometry";
import type { Fix } from "../position";
import { result, type Database } from "./db";
import type { Photo } from "./queue";

/**
 * What somebody is entering. It is kept with every change: a page that is killed behind the camera app, or a battery
 * that dies, costs at most the last word.
 */
export interface Draft {
  /** `sighting`, or `task/<id>` for the outcome of a task. */
  key: string;
  /** The id of what it will become, so that it becomes that once. */
  id: string;
  /** Milliseconds since 1970-01-01 UTC. */
  begunAt: number;
  patrol?: string;
  kind?: SightingKind;
  parcel?: string | undefined;
  note: string;
  /** Where the tablet was while it was entered. */
  fix?: Fix;
  /** Where somebody tapped the map; that goes before {@link fix}. */
  spot?: Spot | undefined;
  /** Their bytes lie with those of the queue. `stand` is the place of a task that it was taken from. */
  photos: (Photo & { stand?: number })[];
}

/** The drafts in the database. */
export class Drafts {
  constructor(private readonly db: Database) {}

  all(): Promise<Draft[]> {
    return this.db.all<Draft>("drafts");
  }

  /** Keeps a draft, with the bytes of a photo that was just taken. */
  async put(draft: Draft, taken?: { sha256: string; bytes: ArrayBuffer }): Promise<void> {
    await this.db.write(["drafts", "bytes"], (tx) => {
      tx.objectStore("drafts").put(draft);
      if (taken) tx.objectStore("bytes").put(taken.bytes, taken.sha256);
    });
  }

  /** Keeps a draft without some photos, which go unless something else on this tablet holds them. */
  async release(draft: Draft, names: readonly string[]): Promise<void> {
    await this.db.write(["drafts", "photos", "bytes"], async (tx) => {
      tx.objectStore("drafts").put(draft);
      await forget(tx, names);
    });
  }

  /** Gives a draft up. */
  async drop(draft: Draft): Promise<void> {
    await this.db.write(["drafts", "photos", "bytes"], async (tx) => {
      tx.objectStore("drafts").delete(draft.key);
      await forget(tx, draft.photos.map((photo) => photo.sha256));
    });
  }
}

async function forget(tx: IDBTransaction, names: readonly string[]): Promise<void> {
  const [photos, bytes] = [tx.objectStore("photos"), tx.objectStore("bytes")];
  const drafts = await result(tx.objectStore("drafts").getAll() as IDBRequest<Draft[]>);
  const held = new Set(drafts.flatMap((draft) => draft.photos.map((photo) => photo.sha256)));
  for (const name of names) if (!held.has(name) && (await result(photos.getKey(name))) === undefined) bytes.delete(name);
}
