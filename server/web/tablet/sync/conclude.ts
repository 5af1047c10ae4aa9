import { problemOf, Problem, noAnswer } from "../../shared/api/problem";
import type { Outcomes } from "../store/outcomes";
import type { Photo } from "../store/queue";
import type { Line } from "./upload";

/**
 * Hands in what tasks came to, once the photos of each are with the server. The id was made here: an outcome whose
 * answer was lost is sent again and stays one. What the server does not want stays here and holds up nothing else.
 */
export async function conclude(outcomes: Outcomes, photos: readonly Photo[], line: Line): Promise<void> {
  const lacking = new Set(photos.filter((photo) => photo.receivedAt === undefined).map((photo) => photo.sha256));
  for (const outcome of await outcomes.all()) {
    if (outcome.receivedAt !== undefined || outcome.refused !== undefined) continue;
    if (outcome.photos.some((name) => lacking.has(name))) continue;
    const { id, task, words, photos: names } = outcome;
    try {
      await post(`/api/v1/tasks/${task}/outcome`, { id, photos: names, ...(words ? { words } : {}) }, line);
      await outcomes.received(id);
    } catch (error) {
      const isFinal = error instanceof Problem && [404, 409, 422].includes(error.status);
      if (!isFinal) throw error;
      await outcomes.refused(id, error.sentence);
    }
  }
}

async function post(path: string, body: unknown, line: Line): Promise<void> {
  const headers = { "content-type": "application/json", authorization: `Bearer ${line.token}` };
  const response = await line.fetch(path, { method: "POST", headers, body: JSON.stringify(body) }).catch(() => {
    throw noAnswer();
  });
  const answered: unknown = await response.json().catch(() => undefined);
  if (!response.ok) throw problemOf(response.status, answered);
  // A gateway that says 200 by itself is no receipt.
  if ((answered as { id?: string } | undefined)?.id === undefined) throw noAnswer();
}
