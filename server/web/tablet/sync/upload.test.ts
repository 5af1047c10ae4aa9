import "fake-indexeddb/auto";
import { IDBFactory } from "fake-indexeddb";
import { beforeEach, expect, test } from "vitest";
import { Database } from "../store/db";
import { Queue } from "../store/queue";
import { upload } from "./upload";

const NAME = "ab".repeat(32);
let queue: Queue;

beforeEach(async () => {
  queue = new Queue(new Database("gengwei", new IDBFactory()));
  const photo = { sha256: NAME, size: 3, type: "image/jpeg", subject: "s", takenAt: 1 };
  const companion = { records: [], photos: [{ photo, bytes: new Uint8Array([1, 2, 3]).buffer }] };
  await queue.write({ expects: 0, revision: 1, put: [], remove: [], companion });
});

const receipt = () => Response.json({ sha256: NAME, size: 3 }, { status: 201 });
const pause = () => Promise.resolve();

/** Answers one after the other; what was asked. */
function line(...answers: (() => Response | Promise<Response>)[]) {
  const asked: string[] = [];
  const fetcher = async (_: unknown, init?: RequestInit) => {
    asked.push(init?.method ?? "");
    return (answers.shift() ?? (() => new Response(null, { status: 500 })))();
  };
  return { asked, line: { fetch: fetcher as typeof fetch, token: "t", pause } };
}

const lost = () => Promise.reject(new TypeError("net"));
const status = (code: number) => () => Response.json({ title: "不行", status: code }, { status: code });

test("a photo goes up once, and its copy stays", async () => {
  const { asked, line: l } = line(receipt);
  await upload(queue, l);
  expect(asked).toEqual(["PUT"]);
  expect((await queue.waiting()).photos).toEqual([]);
  expect(await queue.bytes(NAME)).toBeDefined();
});

test("a server error is no end: it is sent again", async () => {
  const { asked, line: l } = line(status(503), () => new Response(null, { status: 404 }), receipt);
  await upload(queue, l);
  expect(asked).toEqual(["PUT", "HEAD", "PUT"]);
  expect((await queue.waiting()).photos).toEqual([]);
});

test("a lost answer does not send the photo twice", async () => {
  const { asked, line: l } = line(lost, () => new Response(null, { status: 200 }));
  await upload(queue, l);
  expect(asked).toEqual(["PUT", "HEAD"]);
});

test("nor does one from before a restart", async () => {
  await queue.tried(NAME);
  const { asked, line: l } = line(() => new Response(null, { status: 200 }));
  await upload(queue, l);
  expect(asked).toEqual(["HEAD"]);
});

test("an answer that does not name the photo is no receipt", async () => {
  const stranger = () => Response.json({ hello: "portal" });
  const none = () => new Response(null, { status: 404 });
  const { line: l } = line(stranger, none, stranger, none, stranger, none, stranger, none, stranger);
  await expect(upload(queue, l)).rejects.toMatchObject({ kind: "no-receipt" });
  expect((await queue.waiting()).photos).toHaveLength(1);
});

test("an expired login stops, and discards nothing", async () => {
  const { asked, line: l } = line(status(401));
  await expect(upload(queue, l)).rejects.toMatchObject({ status: 401 });
  expect(asked).toEqual(["PUT"]);
  expect((await queue.waiting()).photos).toHaveLength(1);
});

test("a photo that the server refuses holds up none, and stays", async () => {
  const { line: l } = line(status(422));
  await upload(queue, l);
  const { photos, refused } = await queue.waiting();
  expect(photos).toEqual([]);
  expect(refused[0]).toMatchObject({ refused: "不行" });
  expect(await queue.bytes(NAME)).toBeDefined();
});

/** A photo of a megabyte, and a server that keeps what arrives of it. */
async function large() {
  const size = 1_000_000;
  const bytes = new Uint8Array(size).map((_, i) => i * 7);
  const photo = { sha256: "cd".repeat(32), size, type: "image/jpeg", subject: "s", takenAt: 1 };
  queue = new Queue(new Database("gengwei", new IDBFactory()));
  await queue.write({ expects: 0, revision: 1, put: [], remove: [], companion: { records: [], photos: [{ photo, bytes: bytes.buffer }] } });
  const disk: number[] = [];
  const asked: string[] = [];
  let id = 0;
  const told = (status: number) => {
    const stored = disk.length === size ? { "content-location": `/api/v1/evidence/${photo.sha256}` } : {};
    return new Response(null, { status, headers: { "upload-offset": String(disk.length), ...stored } });
  };
  const answer = async (url: string, init: RequestInit) => {
    asked.push(init.method!);
    const headers = init.headers as Record<string, string>;
    if (url.startsWith("/api/v1/evidence/")) return new Response(null, { status: 404 });
    if (init.method === "POST") {
      disk.length = 0;
      return new Response(null, { status: 201, headers: { location: `/api/v1/uploads/${++id}` } });
    }
    if (url !== `/api/v1/uploads/${id}`) return new Response(null, { status: 404 });
    if (init.method === "HEAD") return told(200);
    if (headers["upload-offset"] !== String(disk.length)) return Response.json({ title: "x", status: 409 }, { status: 409 });
    for (const byte of init.body as Uint8Array) disk.push(byte);
    return told(204);
  };
  return { bytes, photo, disk, asked, answer };
}

test("a large photo goes on where it was cut, over restarts, and no piece is sent twice", async () => {
  const { bytes, photo, disk, asked, answer } = await large();
  let n = 0;
  // Lost before the server, and lost after it, in turns.
  const bad = async (url: unknown, init?: RequestInit) => {
    n += 1;
    if (n % 4 === 0) throw new TypeError("net");
    const got = await answer(url as string, init!);
    if (n % 4 === 3) throw new TypeError("net");
    return got;
  };
  for (let days = 0; days < 20 && (await queue.waiting()).photos.length > 0; days++) {
    await upload(queue, { fetch: bad as typeof fetch, token: "t", pause }).catch(() => {});
  }
  expect((await queue.waiting()).photos).toEqual([]);
  expect(Buffer.from(disk).equals(bytes)).toBe(true);
  expect(asked.filter((method) => method === "POST")).toHaveLength(1);
  expect(asked.filter((method) => method === "PATCH")).toHaveLength(4);
  expect((await queue.photos())[0]).not.toHaveProperty("upload");
  expect(photo.size).toBe(disk.length);
});

test("an upload that the server has given up begins anew; the last byte without the name is no receipt", async () => {
  const { asked, answer, disk, bytes, photo } = await large();
  await queue.begun(photo.sha256, "/api/v1/uploads/long-ago");
  await upload(queue, { fetch: ((url: string, init: RequestInit) => answer(url, init)) as typeof fetch, token: "t", pause });
  expect(asked.slice(0, 2)).toEqual(["HEAD", "POST"]);
  expect(Buffer.from(disk).equals(bytes)).toBe(true);

  const second = await large();
  const nameless = async (url: string, init: RequestInit) => {
    const got = await second.answer(url, init);
    const headers = new Headers(got.headers);
    headers.delete("content-location");
    return new Response(null, { status: got.status, headers });
  };
  await expect(upload(queue, { fetch: nameless as typeof fetch, token: "t", pause })).rejects.toMatchObject({ temporary: true });
  expect((await queue.waiting()).photos).toHaveLength(1);
});
