import type { ProblemBody } from "./schema";
import { t } from "../words";

/** A failure in words for the person in front of the screen (RFC 9457). */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly kind: string,
    readonly title: string,
    readonly detail: string,
    readonly errors: ProblemBody["errors"] = [],
  ) {
    super(detail || title);
    this.name = "Problem";
  }

  /** One sentence: what went wrong, value by value where the server said so. */
  get sentence(): string {
    if (this.detail) return this.detail;
    const told = (this.errors ?? []).map((e) => e.message).join("；");
    return told || this.title;
  }

  /** Whether the same request may succeed later. */
  get temporary(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

/** Reads a problem from what a server answered; anything else than problem+json becomes one, too. */
export function problemOf(status: number, body: unknown): Problem {
  if (typeof body === "object" && body !== null && "title" in body) {
    const b = body as ProblemBody;
    return new Problem(b.status ?? status, (b.type ?? "").replace("/problems/", ""), b.title, b.detail ?? "", b.errors);
  }
  return new Problem(status, "unreadable", t("problem.unreadable"), "");
}

/** What became of a request that got no answer. */
export function noAnswer(): Problem {
  return new Problem(0, "no-answer", t("problem.offline"), "");
}
