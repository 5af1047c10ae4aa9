import { createHash, randomBytes } from "node:crypto";
import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { launch } from "./browser";
import { Device } from "./device";
import { Link } from "./link";
import { Program } from "./program";

let program: Program;
let link: Link;
let photos: Buffer[];
const devices: Device[] = [];

beforeAll(async () => {
  [program, photos] = await Promise.all([Program.start(), pictures(12)]);
  link = await Link.open(program.url);
});

afterEach(async () => {
  await Promise.all(devices.splice(0).map((device) => device.throwAway()));
  link.line = "good";
  link.newer.clear();
  link.hold = undefined;
});

afterAll(async () => {
  await link?.close();
  await program?.stop();
});

/** Photos as a camera makes them: real JPEGs of different sizes, none like another. */
async function pictures(count: number): Promise<Buffer[]> {
  const browser = await launch();
  const page = await browser.newPage();
  const all = await page.evaluate(async (n) => {
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [640, 480];
    const pen = canvas.getContext("2d")!;
    const made: string[] = [];
    for (let i = 0; i < n; i++) {
      const image = pen.createImageData(640, 480);
      for (let at = 0; at < image.data.length; at++) image.data[at] = at % 4 === 3 ? 255 : (at * (i + 3) * 2_654_435_761) >>> 24;
      pen.putImageData(image, 0, 0);
      made.push(canvas.toDataURL("image/jpeg", 0.5 + i / 30).split(",")[1]!);
    }
    return made;
  }, count);
  await browser.close();
  return all.map((base64) => Buffer.from(base64, "base64"));
}

const sha256 = (bytes: Buffer) => createHash("sha256").update(bytes).digest("hex");

/** A tablet of the group's leader, enrolled and with its fields on it. */
async function enrolled({ keeps = true, room }: { keeps?: boolean; room?: number } = {}): Promise<Device> {
  const device = await Device.unpack(link.url, { keeps });
  devices.push(device);
  if (room) await device.room(room);
  const api = await program.api("group");
  const { code } = (await (await api("POST", "/api/v1/me/devices", { name: "巡查平板" })).json()) as { code: string };
  await device.stand({ longitude: 105.2, latitude: 37.5, accuracy: 8 });
  await device.open(`/tablet#enrol=${code}`);
  await device.page.getByText("马占山，您好").waitFor();
  await device.page.locator(".lines .field").first().waitFor();
  await device.page.waitForFunction(() => navigator.serviceWorker.controller);
  return device;
}

/** What is said to wait. */
async function counter(page: Page): Promise<number> {
  return Number(await page.locator(".counter").getAttribute("data-waiting"));
}

async function start(page: Page): Promise<void> {
  await page.getByRole("button", { name: "开始巡查" }).click();
  await page.getByRole("heading", { name: "正在巡查" }).waitFor();
}

async function finish(page: Page): Promise<void> {
  await page.getByRole("button", { name: "结束巡查" }).click();
  await page.getByRole("button", { name: "开始巡查" }).waitFor();
}

/** Enters a sighting; it is not saved yet. */
async function enter(page: Page, kind: string, note: string, taken: Buffer[]): Promise<void> {
  await page.getByRole("link", { name: "看到问题" }).click();
  await page.locator(".kind", { hasText: kind }).click();
  for (const [i, buffer] of taken.entries()) {
    await page.locator("#photo").setInputFiles({ name: `IMG_${i}.jpg`, mimeType: "image/jpeg", buffer });
    await expect.poll(() => page.locator(".thumb").count()).toBe(i + 1);
  }
  await page.locator("#note").fill(note);
}

async function save(page: Page): Promise<void> {
  await page.getByRole("button", { name: "保存" }).click();
  await page.getByRole("heading", { name: "正在巡查" }).waitFor();
}

interface Patrol {
  id: string;
  ended_at: string;
  sightings: { words: string; photos: string[]; case: string }[];
}

/** The patrols in the ledger whose sightings' words begin so, with all that hangs on them. */
async function ledger(words: string): Promise<Patrol[]> {
  const api = await program.api("township");
  const { items } = (await (await api("GET", "/api/v1/patrols?region=64050210221001&limit=100")).json()) as { items: Patrol[] };
  const whole = await Promise.all(items.map(async ({ id }) => (await (await api("GET", `/api/v1/patrols/${id}`)).json()) as Patrol));
  return whole.filter((patrol) => patrol.sightings.some((sighting) => sighting.words.startsWith(words)));
}

/** The server's bytes of a photo are those that the camera made. */
async function unchanged(taken: Buffer[]): Promise<void> {
  const api = await program.api("township");
  for (const photo of taken) {
    const answer = await api("GET", `/api/v1/evidence/${sha256(photo)}`);
    expect(Buffer.from(await answer.arrayBuffer()).equals(photo)).toBe(true);
  }
}

/** How many records of tablets could not be applied. */
async function quarantined(): Promise<number> {
  const { items } = (await (await (await program.api("township"))("GET", "/api/v1/quarantine?state=waiting")).json()) as { items: unknown[] };
  return items.length;
}

const pause = (ms: number) => new Promise((done) => setTimeout(done, ms));

test("five patrols with ten photos, filed offline, the battery dying in between, arrive once over a line that fails half the time", async () => {
  const device = await enrolled();
  link.line = "down";
  await device.offline(true);
  for (let n = 0; n < 5; n++) {
    await start(device.page);
    await enter(device.page, "撂荒", `甲${n}：地里长满了草`, photos.slice(2 * n, 2 * n + 2));
    await save(device.page);
    if (n === 2) {
      await device.die();
      await device.start();
      await device.offline(true);
      await device.stand({ longitude: 105.2, latitude: 37.5, accuracy: 8 });
      await device.open();
      expect(await device.page.getByRole("link", { name: "继续巡查" }).count()).toBe(1);
      await device.page.getByRole("link", { name: "继续巡查" }).click();
    }
    await finish(device.page);
  }
  // Begun, seen, two photos of it told of, finished; and the photos.
  expect(await counter(device.page)).toBe(5 * 5 + 10);

  link.line = "bad";
  await device.offline(false);
  await expect.poll(() => counter(device.page), { timeout: 100_000, interval: 200 }).toBe(0);
  expect([...link.failed.values()].reduce((sum, n) => sum + n, 0)).toBeGreaterThan(10);
  link.line = "good";

  const patrols = await ledger("甲");
  expect(patrols).toHaveLength(5);
  expect(patrols.flatMap((patrol) => patrol.sightings)).toHaveLength(5);
  for (const { sightings: [seen] } of patrols) {
    const n = Number(/甲(\d)/.exec(seen!.words)![1]);
    expect(new Set(seen!.photos)).toEqual(new Set(photos.slice(2 * n, 2 * n + 2).map(sha256)));
  }
  await unchanged(photos.slice(0, 10));
  expect(await quarantined()).toBe(0);
  expect(device.wrong).toEqual([]);
});

test("a battery that dies at any moment of saving leaves the sighting saved or still being entered, never twice and never lost", async () => {
  const device = await enrolled();
  link.line = "down";
  await start(device.page);
  const moments = process.env["GENGWEI_E2E_LONG"] ? [0, 1, 2, 3, 5, 8, 12, 20, 30, 45, 60, 90, 130, 200] : [0, 8, 40];
  for (const [n, ms] of moments.entries()) {
    await enter(device.page, "撂荒", `乙${n}：草长到膝盖`, [photos[10]!]);
    await device.page.getByRole("button", { name: "保存" }).click({ noWaitAfter: true });
    await pause(ms);
    await device.die();
    await device.start();
    await device.open();
    const left = device.page.getByRole("link", { name: "接着填：撂荒（照片 1 张）" });
    if (await left.count()) {
      await left.click();
      await device.page.locator(".thumb").waitFor();
      expect(await device.page.locator("#note").inputValue()).toBe(`乙${n}：草长到膝盖`);
      await save(device.page);
    } else await device.page.getByRole("link", { name: "继续巡查" }).click();
    await device.page.getByText(`发现问题 ${n + 1} 处`).waitFor();
  }
  await finish(device.page);
  link.line = "good";
  await device.page.locator(".counter").click();
  await device.page.getByRole("button", { name: "立即上传" }).click();
  await expect.poll(() => counter(device.page), { timeout: 30_000 }).toBe(0);
  const [patrol, ...others] = await ledger("乙");
  expect(others).toEqual([]);
  expect(patrol!.sightings.map((seen) => /乙(\d+)/.exec(seen.words)![1]).sort()).toEqual(moments.map((_, n) => String(n)).sort());
  expect(patrol!.sightings.every((seen) => seen.photos[0] === sha256(photos[10]!))).toBe(true);
  expect(await quarantined()).toBe(0);
});

test("a browser that promises nothing and a device that is full are told, and nothing that was saved is lost", async () => {
  // Room for the app and one large photo. The browser remembers for half a minute how much there is, so from the start.
  const device = await enrolled({ keeps: false, room: 10_000_000 });
  const { page } = device;
  await page.getByText("浏览器不保证长期保存").waitFor();
  link.line = "down";
  const large = Buffer.concat([photos[0]!, randomBytes(5_600_000)]);
  await start(page);
  await enter(page, "乱占耕地建房", "丙0：打了地基", [large]);
  await save(page);
  const saved = await counter(page);

  await page.getByRole("link", { name: "看到问题" }).click();
  await page.locator(".kind", { hasText: "撂荒" }).click();
  const another = Buffer.concat([photos[1]!, randomBytes(5_600_000)]);
  await page.locator("#photo").setInputFiles({ name: "IMG.jpg", mimeType: "image/jpeg", buffer: another });
  await page.getByText("存储空间满了，这张照片没有保存").waitFor();
  expect(await page.locator(".thumb").count()).toBe(0);
  expect(await counter(page)).toBe(saved);

  await device.room();
  await page.locator("#photo").setInputFiles({ name: "IMG.jpg", mimeType: "image/jpeg", buffer: another });
  await page.locator(".thumb").waitFor();
  await page.locator("#note").fill("丙1：也荒了");
  await save(page);
  await finish(page);

  link.line = "good";
  await page.locator(".counter").click();
  expect(await page.locator(".facts", { hasText: "浏览器保证不清除" }).textContent()).toContain("否");
  await page.getByRole("button", { name: "立即上传" }).click();
  await expect.poll(() => counter(page), { timeout: 30_000 }).toBe(0);
  const [patrol] = await ledger("丙");
  expect(patrol!.sightings.map((seen) => seen.words.slice(0, 2))).toEqual(["丙0", "丙1"]);
  await unchanged([large, another]);
});

test("a newer app is offered, not forced, and finds the full queue and what was being entered", async () => {
  const device = await enrolled();
  const { page } = device;
  link.line = "down";
  await start(page);
  await enter(page, "撂荒", "丁0：去年就荒了", photos.slice(0, 2));
  await save(page);
  await enter(page, "种树", "丁1：栽了杨树", [photos[2]!]);
  const waits = await counter(page);
  link.line = "good";
  link.newer.set("/tablet/index.html", (html) => html.replace("<head>", '<head><meta name="newer" content="yes">'));
  link.newer.set("/tablet/sw.js", (script) => script.replace(/(revision:|"revision":)("[0-9a-f]{32}")(,"?url"?:"index.html")/g, '$1"newer"$3'));
  link.hold = /^\/(api|sync)/;
  await page.evaluate(async () => (await navigator.serviceWorker.getRegistration())!.update());
  await page.getByText("新版本已准备好").waitFor();
  expect(await page.locator("#note").inputValue()).toBe("丁1：栽了杨树");
  await page.getByRole("button", { name: "更新" }).click();
  await page.locator("meta[name=newer]").waitFor({ state: "attached" });
  await page.locator(".thumb").waitFor();
  expect(await page.locator("#note").inputValue()).toBe("丁1：栽了杨树");
  expect(await counter(page)).toBe(waits);
  await save(page);
  await finish(page);

  link.hold = undefined;
  await page.locator(".counter").click();
  await page.getByRole("button", { name: "立即上传" }).click();
  await expect.poll(() => counter(page), { timeout: 30_000 }).toBe(0);
  const [patrol] = await ledger("丁");
  expect(patrol!.sightings.map((seen) => [seen.words.slice(0, 7), seen.photos.length])).toEqual([["丁0：去年就荒", 2], ["非粮化：丁1：", 1]]);
  await unchanged(photos.slice(0, 3));
});
