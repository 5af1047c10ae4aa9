import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { Device } from "./device";
import { counter, enter, finish, save, Scene, sha256, start, upload } from "./scene";

/** More moments than `make test` has time for. */
const IS_LONG = process.env["GENGWEI_E2E_LONG"] !== undefined;

let scene: Scene;

beforeAll(async () => {
  scene = await Scene.set();
});

afterEach(() => scene.clear());

afterAll(() => scene?.strike());

/** About 50 metres, in degrees. */
const STEP = 0.00045;

/** So many steps to the north of where one stood. */
const north = (steps: number) => ({ ...scene.here, latitude: scene.here.latitude + steps * STEP });

/** Goes there, and waits until the track has it. */
async function walk(device: Device, steps: number): Promise<void> {
  await device.stand(north(steps));
  await expect.poll(() => device.page.evaluate(tracked), { timeout: 10_000 }).toBe(steps + 1);
}

/** Points in the database of the page. */
async function tracked(): Promise<number> {
  const db = await new Promise<IDBDatabase>((done) => {
    const request = indexedDB.open("gengwei");
    request.onsuccess = () => done(request.result);
  });
  const all = await new Promise<{ points: unknown[] }[]>((done) => {
    const request = db.transaction("tracks").objectStore("tracks").getAll() as IDBRequest<{ points: unknown[] }[]>;
    request.onsuccess = () => done(request.result);
  });
  db.close();
  return all[0]?.points.length ?? 0;
}

const pause = (ms: number) => new Promise((done) => setTimeout(done, ms));

test("five patrols with ten photos, filed offline, the battery dying in between, arrive once over a line that fails half the time", async () => {
  const device = await scene.enrolled();
  scene.link.line = "down";
  await device.offline(true);
  for (let n = 0; n < 5; n++) {
    if (n === 2) await device.page.getByLabel("也记录走过的路线").check();
    await start(device.page);
    if (n === 2) for (const step of [0, 1, 2, 3]) await walk(device, step);
    await enter(device.page, "撂荒", `甲${n}：地里长满了草`, scene.photos.slice(2 * n, 2 * n + 2));
    if (n === 2) {
      // The page is killed behind the camera app, which takes a moment to come: what was entered is there, and goes on.
      await pause(300);
      await device.die();
      await device.start();
      await device.offline(true);
      await device.stand(north(3));
      await device.open();
      expect(await device.page.getByRole("link", { name: "继续巡查" }).count()).toBe(1);
      await device.page.getByRole("link", { name: "接着填：撂荒（照片 2 张）" }).click();
      expect(await device.page.locator("#note").inputValue()).toBe("甲2：地里长满了草");
      await expect.poll(() => device.page.locator(".thumb").count()).toBe(2);
      await walk(device, 4);
    }
    await save(device.page);
    await finish(device.page);
  }
  // Begun, seen, two photos of it told of, finished; and the photos; and a track.
  expect(await counter(device.page)).toBe(5 * 5 + 10 + 1);

  scene.link.line = "bad";
  await device.offline(false);
  await expect.poll(() => counter(device.page), { timeout: 100_000, interval: 200 }).toBe(0);
  expect([...scene.link.failed.values()].reduce((sum, n) => sum + n, 0)).toBeGreaterThan(10);
  scene.link.line = "good";

  const patrols = await scene.ledger("甲");
  expect(patrols).toHaveLength(5);
  expect(patrols.flatMap((patrol) => patrol.sightings)).toHaveLength(5);
  for (const { sightings: [seen] } of patrols) {
    const n = Number(/甲(\d)/.exec(seen!.words)![1]);
    expect(new Set(seen!.photos)).toEqual(new Set(scene.photos.slice(2 * n, 2 * n + 2).map(sha256)));
  }
  expect(patrols.filter((patrol) => patrol.track).map((patrol) => patrol.sightings[0]!.words.slice(0, 2))).toEqual(["甲2"]);
  const walked = patrols.flatMap((patrol) => patrol.track?.coordinates ?? []).map(([, lat]) => Math.round((lat - scene.here.latitude) / STEP) + 0);
  expect(walked).toEqual([0, 1, 2, 3, 4]);
  await scene.unchanged(scene.photos.slice(0, 10));
  expect(await scene.quarantined()).toBe(0);
  expect(device.wrong).toEqual([]);
});

test("a battery that dies at any moment of saving leaves the sighting saved or still being entered, never twice and never lost", async () => {
  const device = await scene.enrolled();
  scene.link.line = "down";
  await start(device.page);
  const moments = IS_LONG ? [0, 1, 2, 3, 5, 8, 12, 20, 30, 45, 60, 90, 130, 200] : [0, 20];
  for (const [n, ms] of moments.entries()) {
    await enter(device.page, "撂荒", `乙${n}：草长到膝盖`, [scene.photos[10]!]);
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
  scene.link.line = "good";
  await upload(device.page);
  const [patrol, ...others] = await scene.ledger("乙");
  expect(others).toEqual([]);
  expect(patrol!.sightings.map((seen) => /乙(\d+)/.exec(seen.words)![1]).sort()).toEqual(moments.map((_, n) => String(n)).sort());
  expect(patrol!.sightings.every((seen) => seen.photos[0] === sha256(scene.photos[10]!))).toBe(true);
  expect(await scene.quarantined()).toBe(0);
}, IS_LONG ? 600_000 : 120_000);

test("a browser that promises nothing and a device that is full are told, and nothing that was saved is lost", async () => {
  // Room for one large photo besides the app.
  const device = await scene.enrolled({ keeps: false, room: 1_700_000 });
  const { page } = device;
  await page.getByText("浏览器不保证长期保存").waitFor();
  scene.link.line = "down";
  const large = Buffer.concat([scene.photos[0]!, randomBytes(1_100_000)]);
  await start(page);
  await enter(page, "乱占耕地建房", "丙0：打了地基", [large]);
  await save(page);
  const saved = await counter(page);

  await page.getByRole("link", { name: "看到问题" }).click();
  await page.locator(".kind", { hasText: "撂荒" }).click();
  const another = Buffer.concat([scene.photos[1]!, randomBytes(1_100_000)]);
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

  scene.link.line = "good";
  await upload(page);
  expect(await page.locator(".facts", { hasText: "浏览器保证不清除" }).textContent()).toContain("否");
  const [patrol] = await scene.ledger("丙");
  expect(patrol!.sightings.map((seen) => seen.words.slice(0, 2))).toEqual(["丙0", "丙1"]);
  await scene.unchanged([large, another]);
});

test("a newer app is offered, not forced, and finds the full queue and what was being entered", async () => {
  const device = await scene.enrolled();
  const { page } = device;
  scene.link.line = "down";
  await start(page);
  await enter(page, "撂荒", "丁0：去年就荒了", scene.photos.slice(0, 2));
  await save(page);
  await enter(page, "种树", "丁1：栽了杨树", [scene.photos[2]!]);
  const waits = await counter(page);
  scene.link.line = "good";
  scene.link.newer.set("/tablet/index.html", (html) => html.replace("<head>", '<head><meta name="newer" content="yes">'));
  scene.link.newer.set("/tablet/sw.js", (script) => script.replace(/(revision:|"revision":)("[0-9a-f]{32}")(,"?url"?:"index.html")/g, '$1"newer"$3'));
  scene.link.hold = /^\/(api|sync)/;
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

  scene.link.hold = undefined;
  await upload(page);
  const [patrol] = await scene.ledger("丁");
  expect(patrol!.sightings.map((seen) => [seen.words.slice(0, 7), seen.photos.length])).toEqual([["丁0：去年就荒", 2], ["非粮化：丁1：", 1]]);
  await scene.unchanged(scene.photos.slice(0, 3));
});

test("a queue that never finds a network leaves as a file and arrives from another tablet", async () => {
  const lost = await scene.enrolled();
  scene.link.line = "down";
  await start(lost.page);
  await enter(lost.page, "撂荒", "戊0：去年就荒了", [scene.photos[11]!]);
  await save(lost.page);
  await finish(lost.page);
  await lost.page.locator(".counter").click();
  const saved = lost.page.waitForEvent("download");
  await lost.page.getByRole("button", { name: "导出未上传的内容" }).click();
  const file = readFileSync(await (await saved).path());
  await lost.die();

  scene.link.line = "good";
  const other = await scene.enrolled();
  await other.page.locator(".counter").click();
  for (const told of ["导入了 4 条记录、1 张照片", "导入了 0 条记录、0 张照片"]) {
    await other.page.locator("#import").setInputFiles({ name: "gengwei.json", mimeType: "application/json", buffer: file });
    await other.page.getByText(told).waitFor();
  }
  await upload(other.page);
  const patrols = await scene.ledger("戊");
  expect(patrols.map((patrol) => patrol.sightings.map((seen) => seen.photos))).toEqual([[[sha256(scene.photos[11]!)]]]);
  await scene.unchanged([scene.photos[11]!]);
});

test("a tablet that was revoked with a full queue goes on saving, and sends all of it after a new code", async () => {
  const device = await scene.enrolled();
  const { page } = device;
  scene.link.line = "down";
  await start(page);
  await enter(page, "撂荒", "己0：荒了", [scene.photos[8]!]);
  await save(page);
  await scene.revoke();
  scene.link.line = "good";
  await page.locator(".counter").click();
  await page.getByRole("button", { name: "立即上传" }).click();
  await page.getByText("这台设备的绑定已失效").waitFor();
  await device.open("/tablet/patrol");
  await enter(page, "撂荒", "己1：也荒了", []);
  await save(page);
  await finish(page);
  const waits = await counter(page);
  expect(waits).toBe(6);

  await device.open(`/tablet/enrol#enrol=${await scene.code()}`);
  await page.getByText("马占山，您好").waitFor();
  await upload(page);
  const patrols = await scene.ledger("己");
  expect(patrols.map((patrol) => patrol.sightings.map((seen) => seen.words.slice(0, 2)))).toEqual([["己0", "己1"]]);
  await scene.unchanged([scene.photos[8]!]);
  expect(await scene.quarantined()).toBe(0);
});
