import { signal, type ReadonlySignal } from "@preact/signals";
import type { Fix } from "../position";
import type { Draft, Drafts } from "../store/drafts";
import type { Picture } from "./picture";

/** So long after it was begun a position still belongs to what is being entered, in milliseconds. */
const AROUND = 120_000;

/** Whether somebody entered anything. */
export function isBegun({ kind, note, photos, spot }: Draft): boolean {
  return kind !== undefined || note !== "" || photos.length > 0 || spot !== undefined;
}

/** A draft on the screen: each change is on its way to the database before the next one can be made. */
export class Entry {
  private readonly current;
  private writing: Promise<void> | undefined;
  private isBehind = false;
  private isOver = false;

  /** `restored` is a draft from an earlier life of the page; `told` hears of each change, `failed` why one was not kept. */
  constructor(
    private readonly drafts: Drafts,
    blank: Draft,
    private readonly restored: Draft | undefined,
    private readonly told: (draft: Draft) => void,
    private readonly failed: (error: unknown) => void,
  ) {
    this.current = signal(restored ?? blank);
  }

  get draft(): ReadonlySignal<Draft> {
    return this.current;
  }

  /** Whether there is anything in it. */
  get isBegun(): boolean {
    return isBegun(this.current.value);
  }

  change(part: Partial<Draft>): void {
    const begunAt = this.isBegun ? this.current.value.begunAt : Date.now();
    this.current.value = { ...this.current.value, begunAt, ...part };
    if (!this.isBegun) return;
    this.told(this.current.value);
    this.keep();
  }

  /** The tablet stands here. A better position replaces a worse one, as long as it can be the same place. */
  stand(fix: Fix): void {
    const { fix: known, begunAt } = this.current.value;
    const isNear = !this.isBegun || Date.now() - begunAt < AROUND;
    if (known ? isNear && fix.accuracy <= known.accuracy : isNear || !this.restored) this.change({ fix });
  }

  /** Adds a photo; resolves when its bytes are kept. */
  async add({ sha256, bytes, type }: Picture, stand?: number): Promise<void> {
    const { photos, id } = this.current.value;
    if (photos.some((photo) => photo.sha256 === sha256)) return;
    const now = Date.now();
    const photo = { sha256, size: bytes.byteLength, type, subject: id, takenAt: now, ...(stand === undefined ? {} : { stand }) };
    const begunAt = this.isBegun ? this.current.value.begunAt : now;
    const next: Draft = { ...this.current.value, begunAt, photos: [...photos, photo] };
    await this.writing;
    await this.drafts.put(next, { sha256, bytes });
    this.current.value = { ...this.current.value, begunAt, photos: next.photos };
    this.told(this.current.value);
    this.keep();
  }

  /** Takes a photo out. */
  async remove(sha256: string): Promise<void> {
    this.change({ photos: this.current.value.photos.filter((photo) => photo.sha256 !== sha256) });
    await this.writing;
    if (this.isBegun) return this.drafts.release(this.current.value, [sha256]);
    const left = this.current.value;
    this.told(left);
    await this.drafts.drop({ ...left, photos: [{ sha256, size: 0, type: "", subject: left.id, takenAt: 0 }] });
  }

  /** Ends it by `how`, which stores what became of it and deletes the draft; when that fails, the draft goes on. */
  async end(how: (draft: Draft) => Promise<void>): Promise<void> {
    this.isOver = true;
    try {
      await this.writing;
      await how(this.current.value);
    } catch (error) {
      this.isOver = false;
      this.keep();
      throw error;
    }
  }

  /** The latest state is written when the one before has been: never two at a time, never an older one last. */
  private keep(): void {
    if (this.isOver) return;
    if (this.writing) {
      this.isBehind = true;
      return;
    }
    this.writing = this.drafts
      .put(this.current.value)
      .catch(this.failed)
      .finally(() => {
        this.writing = undefined;
        if (!this.isBehind) return;
        this.isBehind = false;
        this.keep();
      });
  }
}
