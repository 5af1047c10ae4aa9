/**
 * The tablet's database. Upgrades are only ever appended: an app that comes over a full queue finds all of it.
 *
 * | store   | key      | value |
 * |---------|----------|-------|
 * | journal | text     | what the agent writes, and its revision |
 * | records | counter  | {@link Kept}: what was told to the agent, in plain words, for the history and the export |
 * | photos  | sha256   | {@link Photo}: about a photo |
 * | bytes   | sha256   | its bytes |
 * | parcels | id       | {@link Parcel}: my fields |
 * | tasks   | id       | tasks from the API |
 * | orders  | id       | tasks from the agent's sync |
 * | facts   | name     | single things, such as the enrolment |
 * | drafts  | key      | {@link Draft}: what is being entered |
 * | outcomes | id      | {@link Outcome}: what was found out about a task, on its way |
 * | tracks  | patrol   | {@link Track}: points of a track that are not in a record yet |
 */
const UPGRADES: readonly ((db: IDBDatabase) => void)[] = [
  (db) => {
    db.createObjectStore("journal");
    db.createObjectStore("records", { autoIncrement: true });
    db.createObjectStore("photos", { keyPath: "sha256" });
    db.createObjectStore("bytes");
    db.createObjectStore("parcels", { keyPath: "id" });
    db.createObjectStore("tasks", { keyPath: "id" });
    db.createObjectStore("orders", { keyPath: "id" });
    db.createObjectStore("facts");
  },
  (db) => {
    db.createObjectStore("drafts", { keyPath: "key" });
    db.createObjectStore("outcomes", { keyPath: "id" });
  },
  (db) => {
    db.createObjectStore("tracks", { keyPath: "patrol" });
  },
];

export type StoreName =
  | "journal" | "records" | "photos" | "bytes" | "parcels" | "tasks" | "orders" | "facts" | "drafts" | "outcomes" | "tracks";

/** A promise of a request's result. */
export function result<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error("request failed"));
  });
}

/** One connection, opened when needed and anew when the browser closed it. */
export class Database {
  private connection: Promise<IDBDatabase> | undefined;

  constructor(
    private readonly name = "gengwei",
    private readonly factory: IDBFactory = indexedDB,
  ) {}

  /**
   * Runs `work` in one transaction and resolves when that is durable; when it fails or `work` throws, nothing of it
   * has happened. `work` may wait for requests of its transaction only.
   */
  async write<T>(stores: StoreName[], work: (tx: IDBTransaction) => T | Promise<T>): Promise<T> {
    return this.run(stores, "readwrite", work);
  }

  async read<T>(stores: StoreName[], work: (tx: IDBTransaction) => T | Promise<T>): Promise<T> {
    return this.run(stores, "readonly", work);
  }

  /** A single thing, undefined when it was never kept. */
  fact<T>(name: string): Promise<T | undefined> {
    return this.read(["facts"], (tx) => result(tx.objectStore("facts").get(name) as IDBRequest<T | undefined>));
  }

  async keep(name: string, value: unknown): Promise<void> {
    await this.write(["facts"], (tx) => void tx.objectStore("facts").put(value, name));
  }

  all<T>(store: StoreName): Promise<T[]> {
    return this.read([store], (tx) => result(tx.objectStore(store).getAll() as IDBRequest<T[]>));
  }

  async close(): Promise<void> {
    const open = this.connection;
    this.connection = undefined;
    (await open)?.close();
  }

  private async run<T>(
    stores: StoreName[],
    mode: "readonly" | "readwrite",
    work: (tx: IDBTransaction) => T | Promise<T>,
  ): Promise<T> {
    const tx = await this.begin(stores, mode);
    let failure: unknown;
    const ended = new Promise<void>((resolve, reject) => {
      tx.oncomplete = () => resolve();
      tx.onabort = () => reject(failure ?? tx.error ?? new Error("aborted"));
    });
    // Whoever waits for `answer` first must not leave this one unheard.
    ended.catch(() => {});
    let answer: T;
    try {
      answer = await work(tx);
    } catch (error) {
      failure = error;
      try {
        tx.abort();
      } catch {
        // It has ended already, by the same error.
      }
      throw tx.error ?? error;
    }
    await ended;
    return answer;
  }

  private async begin(stores: StoreName[], mode: "readonly" | "readwrite"): Promise<IDBTransaction> {
    const options = { durability: "strict" } as const;
    try {
      return (await this.open()).transaction(stores, mode, options);
    } catch (error) {
      if (!(error instanceof DOMException) || error.name !== "InvalidStateError") throw error;
      this.connection = undefined;
      return (await this.open()).transaction(stores, mode, options);
    }
  }

  private open(): Promise<IDBDatabase> {
    this.connection ??= new Promise<IDBDatabase>((resolve, reject) => {
      const request = this.factory.open(this.name, UPGRADES.length);
      request.onupgradeneeded = ({ oldVersion }) => {
        for (const upgrade of UPGRADES.slice(oldVersion)) upgrade(request.result);
      };
      request.onsuccess = () => {
        const db = request.result;
        const forget = () => (this.connection = undefined);
        db.onclose = forget;
        // Another tab brings a newer app: it must not wait for this one.
        db.onversionchange = () => {
          db.close();
          forget();
        };
        resolve(db);
      };
      request.onerror = () => {
        this.connection = undefined;
        reject(request.error ?? new Error("the database does not open"));
      };
    });
    return this.connection;
  }
}
