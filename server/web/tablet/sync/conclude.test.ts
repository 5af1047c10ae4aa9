import "fake-indexeddb/auto";
import { IDBFactory } from "fake-indexeddb";
import { beforeEach, expect, test } from "vitest";
import { Database } from "../store/db";
import { Outcomes } from "../store/outcomes";
import { Queue, type Photo } from "../store/queue";
import { conclude } from "./conclude";

const photo: Photo = { sha256: "ab".repeat(32), size: 1, type: "image/jpeg", subject: "o1", takenAt: 1 };
let db: Database;
let outcomes: Outcomes;

beforeEach(async () => {
  db = new Database("gengwei", new IDBFactory());
  outcomes = new Outcomes(db, () => 7);
  await db.write(["bytes"], (tx) => void tx.objectStore("bytes").put(new ArrayBuffer(1), photo.sha256));
  await outcomes.keep({ id: "o1", task: "t1", words: "清走了", photos: [photo.sha256], madeAt: 1 }, [photo]);
});

const line = (...answers: (() => Response | Promise<Response>)[]) => {
  const sent: unknown[] = [];
  const fetcher = async (_: unknown, init?: RequestInit) => {
    sent.push(JSON.parse(init?.body as string));
    return answers.shift()!();
  };
  return { sent, line: { fetch: fetcher as typeof fetch, token: "t" } };
};
const one = async () => (await outcomes.all())[0];
const status = (code: number) => () => Response.json({ title: "不行", status: code }, { status: code });

test("an outcome waits for its photos, and a lost answer does not make two of it", async () => {
  const { sent, line: l } = line(() => Promise.reject(new TypeError("net")), () => Response.json({ id: "t1" }, { status: 200 }));
  await conclude(outcomes, await new Queue(db).photos(), l);
  expect(sent).toEqual([]);
  await new Queue(db).received(photo.sha256);
  const photos = await new Queue(db).photos();
  await expect(conclude(outcomes, photos, l)).rejects.toMatchObject({ temporary: true });
  await conclude(outcomes, photos, l);
  expect(sent).toEqual([1, 2].map(() => ({ id: "o1", photos: [photo.sha256], words: "清走了" })));
  expect(await one()).toMatchObject({ receivedAt: 7 });
});

test("what the server does not want stays; a login that ended, a failure and a portal change nothing", async () => {
  for (const answer of [status(401), status(503), () => Response.json({ hello: "portal" })]) {
    await expect(conclude(outcomes, [], line(answer).line)).rejects.toThrow();
    expect(await one()).not.toHaveProperty("refused");
  }
  await conclude(outcomes, [], line(status(409)).line);
  expect(await one()).toMatchObject({ refused: "不行" });
  expect(await new Queue(db).bytes(photo.sha256)).toBeDefined();
});
