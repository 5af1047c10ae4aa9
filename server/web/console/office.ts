import { answer, api } from "../shared/api/client";
import type { NewEvent, Whole } from "../shared/api/schema";
import { Decisions } from "./decisions";

/** Does something with a case that was seen at a version. */
export function act(id: string, version: number, event: NewEvent): Promise<Whole> {
  const params = { path: { id }, header: { "If-Match": `"${version}"` } };
  // `keepalive`: a decision that leaves while the page closes still arrives.
  return answer(api.POST("/api/v1/cases/{id}/events", { params, body: event, keepalive: true }));
}

/** What this page's user has decided. */
export const decisions = new Decisions((d) => act(d.case, d.version, d.event));

addEventListener("pagehide", () => void decisions.flush());
