import { t } from "../../shared/words";
import { Problem, problemOf } from "../../shared/api/problem";
import type { Photo, Queue } from "../store/queue";
import { inPieces, type Place } from "./pieces";

/** Pauses before another try of the same photo, in milliseconds. */
const PAUSES = [300, 1_000, 3_000, 9_000];

/** Larger photos go up in pieces, in bytes. */
export const WHOLE = 512 * 1024;

export interface Line {
  fetch: typeof fetch;
  token: string;
  /** Waits; tests do not. */
  pause?: (ms: number) => Promise<void>;
}

/**
 * Hands in what waits, one photo after the other. A copy is marked only by the server's receipt, which names it; a
 * photo whose answer was lost is asked for before it is sent again, and a large one goes on where it was cut. Throws when the line is too bad to go on.
 */
export async function upload(queue: Queue, line: Line, told: () => void = () => {}): Promise<void> {
  for (const photo of (await queue.waiting()).photos) {
    await one(queue, photo, line);
    told();
  }
}

async function one(queue: Queue, photo: Photo, line: Line): Promise<void> {
  const pause = line.pause ?? ((ms) => new Promise((done) => setTimeout(done, ms)));
  const place: Place = { at: photo.upload, keep: (at) => queue.begun(photo.sha256, at) };
  let tried = photo.tried ?? false;
  for (const [attempt, ms] of [0, ...PAUSES].entries()) {
    if (ms > 0) await pause(ms);
    try {
      // An upload that was begun says by itself how far it is.
      if (place.at || !(tried && (await known(photo, line)))) {
        if (!tried) await queue.tried(photo.sha256);
        tried = true;
        await send(queue, photo, line, place);
      }
      return await queue.received(photo.sha256);
    } catch (error) {
      const problem = error instanceof Problem ? error : new Problem(0, "no-answer", t("problem.offline"), "");
      if (problem.status === 413 || problem.status === 422) return queue.refused(photo.sha256, problem.sentence);
      if (!problem.temporary || attempt === PAUSES.length) throw problem;
    }
  }
}

function ask(method: string, photo: Photo, line: Line, body?: ArrayBuffer): Promise<Response> {
  const headers: Record<string, string> = { authorization: `Bearer ${line.token}` };
  if (body) headers["content-type"] = photo.type;
  return line.fetch(`/api/v1/evidence/${photo.sha256}`, { method, headers, cache: "no-store", ...(body ? { body } : {}) });
}

/** Whether the server has it already; when it does not say, no. */
async function known(photo: Photo, line: Line): Promise<boolean> {
  return (await ask("HEAD", photo, line)).ok;
}

async function send(queue: Queue, photo: Photo, line: Line, place: Place): Promise<void> {
  const bytes = await queue.bytes(photo.sha256);
  if (!bytes) throw new Problem(422, "lost", t("sync.lostbytes"), "");
  if (photo.size > WHOLE) await inPieces(photo, bytes, line, place);
  else await put(photo, bytes, line);
}

async function put(photo: Photo, bytes: ArrayBuffer, line: Line): Promise<void> {
  const response = await ask("PUT", photo, line, bytes);
  const body = (await response.json().catch(() => undefined)) as { sha256?: string; size?: number } | undefined;
  if (!response.ok) throw problemOf(response.status, body);
  const isReceipt = body?.sha256 === photo.sha256 && body.size === photo.size;
  // A gateway that says 200 by itself is no receipt.
  if (!isReceipt) throw new Problem(0, "no-receipt", t("problem.unreadable"), "");
}
