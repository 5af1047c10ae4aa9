import { signal, type ReadonlySignal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import { isAbort } from "./api/client";

/** A page of a list as the API answers it. */
export interface Page<T> {
  items: T[];
  next?: string | null;
}

/** Reads the page behind a cursor, the first one without. */
export type Load<T> = (cursor: string | undefined, abort: AbortSignal) => Promise<Page<T>>;

/** The most rows that are read for somebody who sorts what the server does not sort. */
const MOST = 5_000;

/** A list that is read page by page. Answers to questions that nobody asks any more are dropped. */
export class Pages<T> {
  readonly rows = signal<T[]>([]);
  readonly next = signal<string | null | undefined>(undefined);
  readonly busy = signal(false);
  readonly error = signal<unknown>(undefined);
  private running = new AbortController();

  constructor(private readonly load: Load<T>) {}

  /** As {@link Pages.reload}, to be handed on. */
  readonly again = (): Promise<void> => this.reload();

  /** Begins anew; what is shown stays until the first page is there. */
  async reload(): Promise<void> {
    await this.read(undefined);
  }

  /** Adds the next page. */
  async more(): Promise<void> {
    if (this.next.value && !this.busy.value) await this.read(this.next.value);
  }

  /** Adds pages until the list ends, or holds this many rows. */
  async all(most = MOST): Promise<void> {
    while (this.next.value && this.rows.value.length < most && this.error.value === undefined) {
      const before = this.rows.value.length;
      await this.more();
      if (this.rows.value.length === before) return;
    }
  }

  stop(): void {
    this.running.abort();
  }

  private async read(cursor: string | undefined): Promise<void> {
    this.running.abort();
    const mine = (this.running = new AbortController());
    this.busy.value = true;
    this.error.value = undefined;
    try {
      const page = await this.load(cursor, mine.signal);
      if (mine.signal.aborted) return;
      this.rows.value = cursor ? [...this.rows.value, ...page.items] : page.items;
      this.next.value = page.next ?? null;
    } catch (error) {
      if (!mine.signal.aborted && !isAbort(error)) this.error.value = error;
    } finally {
      if (!mine.signal.aborted) this.busy.value = false;
    }
  }
}

/** The pages of a list that begins anew whenever `key` changes. */
export function usePages<T>(key: string, load: Load<T>): Pages<T> {
  // `key` names everything that `load` closes over.
  const pages = useMemo(() => new Pages(load), [key]);
  useEffect(() => {
    void pages.reload();
    return () => pages.stop();
  }, [pages]);
  return pages;
}

/** One thing that is read whenever `key` changes. */
export function useThing<T>(key: string, load: (abort: AbortSignal) => Promise<T>) {
  const pages = usePages<T>(key, async (_, abort) => ({ items: [await load(abort)] }));
  return {
    value: pages.rows.value[0],
    error: pages.error as ReadonlySignal<unknown>,
    reload: () => pages.reload(),
    put: (thing: T) => (pages.rows.value = [thing]),
  };
}
