import { result, type Database } from "./db";
import type { Photo } from "./queue";

/** What was found out about a task, until the server has it. */
export interface Outcome {
  /** Made here, so that sending it twice is sending it once. */
  id: string;
  task: string;
  words: string;
  /** Photos by name; they go up before it does. */
  photos: string[];
  /** Milliseconds since 1970-01-01 UTC. */
  madeAt: number;
  receivedAt?: number;
  /** Why the server does not want it; it stays here, and in the export. */
  refused?: string;
}

/** Outcomes in the database: kept together with their photos, given up when the server has them. */
export class Outcomes {
  constructor(
    private readonly db: Database,
    private readonly now: () => number = Date.now,
  ) {}

  all(): Promise<Outcome[]> {
    return this.db.all<Outcome>("outcomes");
  }

  /** Keeps an outcome with what is known of its photos; the draft that it comes from ends. */
  async keep(outcome: Outcome, photos: readonly Photo[], draft?: string): Promise<void> {
    await this.db.write(["outcomes", "photos", "bytes", "drafts"], async (tx) => {
      tx.objectStore("outcomes").put(outcome);
      const known = tx.objectStore("photos");
      for (const photo of photos) {
        if ((await result(known.getKey(photo.sha256))) === undefined) known.put(photo);
        if ((await result(tx.objectStore("bytes").getKey(photo.sha256))) === undefined) throw new Error(photo.sha256);
      }
      if (draft) tx.objectStore("drafts").delete(draft);
    });
  }

  async received(id: string): Promise<void> {
    await this.change(id, ({ refused: _, ...outcome }) => ({ ...outcome, receivedAt: this.now() }));
  }

  async refused(id: string, why: string): Promise<void> {
    await this.change(id, (outcome) => ({ ...outcome, refused: why }));
  }

  /** Lets go of what the server has had for so long, in milliseconds. */
  async tidy(grace: number): Promise<void> {
    const before = this.now() - grace;
    await this.db.write(["outcomes"], async (tx) => {
      const store = tx.objectStore("outcomes");
      for (const { id, receivedAt } of await result(store.getAll() as IDBRequest<Outcome[]>)) {
        if (receivedAt !== undefined && receivedAt < before) store.delete(id);
      }
    });
  }

  private async change(id: string, how: (outcome: Outcome) => Outcome): Promise<void> {
    await this.db.write(["outcomes"], async (tx) => {
      const store = tx.objectStore("outcomes");
      const outcome = await result(store.get(id) as IDBRequest<Outcome | undefined>);
      if (outcome) store.put(how(outcome));
    });
  }
}
