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
