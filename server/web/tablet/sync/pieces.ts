import { noAnswer, Problem, problemOf } from "../../shared/api/problem";
import type { Photo } from "../store/queue";
import type { Line } from "./upload";

/** Bytes of a piece: what a cut costs at most. */
const PIECE = 256 * 1024;

/** Where the upload of a photo goes on; it outlives the page. */
export interface Place {
  at: string | undefined;
  keep: (at: string | undefined) => Promise<void>;
}

/**
 * Sends a photo by tus 1.0, from where the server has it; resolves when the server has named it as stored. Three
 * requests of the protocol are all that is needed, and the address of the upload lies with the photo, so this is
 * shorter than telling a client library about our storage and our receipts. Each piece carries its hash.
 */
export async function inPieces(photo: Photo, bytes: ArrayBuffer, line: Line, place: Place): Promise<void> {
  let standing = place.at ? await offset(place, line) : undefined;
  standing ??= await create(photo, line, place);
  while (standing.offset < photo.size) {
    const before: number = standing.offset;
    standing = await send(new Uint8Array(bytes, before, Math.min(PIECE, photo.size - before)), before, line, place);
    if (standing.offset <= before) throw noAnswer();
  }
  // Only the name of what was stored is a receipt.
  if (!standing.stored?.endsWith(`/${photo.sha256}`)) throw noAnswer();
}

interface Standing {
  offset: number;
  stored: string | null;
}

async function ask(method: string, url: string, line: Line, headers: Record<string, string>, body?: Uint8Array<ArrayBuffer>): Promise<Response> {
  const all = { authorization: `Bearer ${line.token}`, "tus-resumable": "1.0.0", ...headers };
  const init = { method, headers: all, cache: "no-store", ...(body ? { body } : {}) } as const;
  return line.fetch(url, init).catch(() => {
    throw noAnswer();
  });
}

async function create({ sha256, size }: Photo, line: Line, place: Place): Promise<Standing> {
  const headers = { "upload-length": String(size), "upload-metadata": `sha256 ${btoa(sha256)}` };
  const response = await ask("POST", "/api/v1/uploads", line, headers);
  const at = response.headers.get("location");
  if (response.status !== 201 || !at) throw await failure(response);
  await place.keep(at);
  place.at = at;
  return { offset: 0, stored: null };
}

/** How far it is; undefined when the server no longer knows of it, so that it begins anew. */
async function offset(place: Place, line: Line): Promise<Standing | undefined> {
  const response = await ask("HEAD", place.at!, line, {});
  if (response.status === 404 || response.status === 410) {
    await place.keep(undefined);
    place.at = undefined;
    return undefined;
  }
  return standing(response);
}

async function send(piece: Uint8Array<ArrayBuffer>, at: number, line: Line, place: Place): Promise<Standing> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", piece));
  const headers = {
    "content-type": "application/offset+octet-stream",
    "upload-offset": String(at),
    "upload-checksum": `sha256 ${btoa(String.fromCharCode(...digest))}`,
  };
  return standing(await ask("PATCH", place.at!, line, headers, piece));
}

async function standing(response: Response): Promise<Standing> {
  const offset = response.headers.get("upload-offset");
  if (!response.ok || !offset) throw await failure(response);
  return { offset: Number(offset), stored: response.headers.get("content-location") };
}

/** What the server will never take is final; a wrong offset, a locked or lost upload is asked about again. */
async function failure(response: Response): Promise<Problem> {
  const body: unknown = await response.json().catch(() => undefined);
  const isKnown = [401, 403, 413, 422, 429].includes(response.status) || response.status >= 500;
  return isKnown ? problemOf(response.status, body) : noAnswer();
}
