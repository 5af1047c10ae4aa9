import { signal } from "@preact/signals";
import type { NewEvent, Whole } from "../shared/api/schema";

/** How long a decision can be taken back before it leaves. */
export const GRACE = 8_000;

/** A decision that somebody has made. */
export interface Decision {
  case: string;
  /** The case's version that he saw. */
  version: number;
  event: NewEvent;
  /** `waiting` can be taken back. */
  state: "waiting" | "leaving" | "done" | "refused";
  /** When it leaves, in the browser's milliseconds. */
  leaves: number;
  error?: unknown;
  /** The case afterwards. */
  after?: Whole;
}

type Send = (decision: Decision) => Promise<Whole>;

/** The decisions of this page: each waits a moment in which it can be taken back, then leaves. */
export class Decisions {
  /** By case, the latest last. */
  readonly all = signal<readonly Decision[]>([]);
  private readonly timers = new Map<string, ReturnType<typeof setTimeout>>();

  constructor(
    private readonly send: Send,
    private readonly grace = GRACE,
  ) {}

  of(id: string): Decision | undefined {
    return this.all.value.find((d) => d.case === id);
  }

  /** Decides on a case. A decision on it that still waits is replaced; one that is leaving is not. */
  decide(id: string, version: number, event: Decision["event"]): boolean {
    if (this.of(id)?.state === "leaving") return false;
    this.put({ case: id, version, event, state: "waiting", leaves: Date.now() + this.grace });
    clearTimeout(this.timers.get(id));
    this.timers.set(id, setTimeout(() => void this.leave(id), this.grace));
    return true;
  }

  /** Takes back the latest decision that still waits, or the one on a case; answers on which. */
  undo(id?: string): string | undefined {
    const waiting = this.all.value.filter((d) => d.state === "waiting" && (!id || d.case === id)).at(-1);
    if (!waiting) return undefined;
    clearTimeout(this.timers.get(waiting.case));
    this.all.value = this.all.value.filter((d) => d !== waiting);
    return waiting.case;
  }

  /** Lets everything leave at once. */
  async flush(): Promise<void> {
    await Promise.all(this.all.value.filter((d) => d.state === "waiting").map((d) => this.leave(d.case)));
  }

  private async leave(id: string): Promise<void> {
    clearTimeout(this.timers.get(id));
    const decision = this.of(id);
    if (decision?.state !== "waiting") return;
    const leaving: Decision = { ...decision, state: "leaving" };
    this.put(leaving);
    try {
      this.put({ ...leaving, state: "done", after: await this.send(leaving) });
    } catch (error) {
      this.put({ ...leaving, state: "refused", error });
    }
  }

  private put(decision: Decision): void {
    this.all.value = [...this.all.value.filter((d) => d.case !== decision.case), decision];
  }
}
