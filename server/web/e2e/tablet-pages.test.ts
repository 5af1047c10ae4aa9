import { get } from "node:http";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { look } from "./browser";
import type { Device } from "./device";
import { counter, enter, finish, save, Scene, sha256, start, upload } from "./scene";
import { cases } from "./seed";

let scene: Scene;
let device: Device;
let page: Page;

beforeAll(async () => {
  scene = await Scene.set();
  await task();
  device = await scene.enrolled({ label: scene.program.scan });
  page = device.page;
});

afterAll(() => scene?.strike());

/** The township asks the group to look at a case. */
async function task(): Promise<void> {
  await cases(scene.program, 1);
  const api = await scene.program.api("township");
  const { items } = (await (await api("GET", "/api/v1/cases?source=patrol&limit=1")).json()) as { items: { id: string }[] };
  const path = `/api/v1/cases/${items[0]!.id}`;
  const etag = (await api("GET", path)).headers.get("etag")!;
  const due = new Date(Date.now() + 5 * 86_400_000).toISOString().slice(0, 10);
  const body = { action: "assign", words: "请到现场看看渣土清走了没有，拍照。", fields: { unit: "64050210221001", due } };
  await api("POST", `${path}/events`, body, { "if-match": etag });
}

test("without a network: a task says where to stand and what is missing, and its outcome waits for the line", async () => {
  scene.link.line = "down";
  await device.offline(true);
  await page.getByRole("link", { name: "去办理" }).click();
  await page.locator(".map[data-drawn]").waitFor();
  await page.getByRole("heading", { name: /第 1 张：站在(东|西)?北边，朝(东|西)?南拍/ }).waitFor();
  await page.getByText("还缺 1 张照片").waitFor();
  await page.getByRole("button", { name: "提交结果" }).click();
  await page.locator("[role=alert]", { hasText: "还缺 1 张照片" }).waitFor();
  await page.locator("#photo-1").setInputFiles({ name: "IMG.jpg", mimeType: "image/jpeg", buffer: scene.photos[0]! });
  await page.getByText("照片已够").waitFor();
  await page.locator("#words").fill("渣土已经清走。");
  await look(page, "tablet-task");
  await page.getByRole("button", { name: "提交结果" }).click();
  await page.getByRole("link", { name: "结果已保存，未上传" }).waitFor();
  expect(await counter(page)).toBe(2);

  scene.link.line = "good";
  await device.offline(false);
  await expect.poll(() => counter(page), { timeout: 30_000 }).toBe(0);
  await page.getByText("没有待办任务").waitFor();
  const api = await scene.program.api("township");
  const { items } = (await (await api("GET", "/api/v1/tasks")).json()) as { items: { state: string }[] };
  expect(items.map((one) => one.state)).toEqual(["done"]);
  await scene.unchanged([scene.photos[0]!]);
});

test("without a position the place is tapped on a map that needs no network; the field under it is found", async () => {
  scene.link.line = "down";
  await device.offline(true);
  await device.stand(null);
  await page.reload();
  await start(page);
  await enter(page, "撂荒", "没有定位也能报", [scene.photos[1]!]);
  await page.getByRole("button", { name: "在地图上点位置" }).click();
  const map = page.locator(".map[data-drawn]");
  await map.waitFor();
  await map.click();
  await page.getByText("位置已在地图上点好").waitFor();
  const code = (await page.locator(".place .code").textContent())!.replaceAll(" ", "");
  expect(code).toMatch(/^6405\d{15}[\dX]$/);
  await look(page, "tablet-sighting");
  await save(page);
  await look(page, "tablet-patrol");
  await finish(page);
  scene.link.line = "good";
  await device.offline(false);
  await upload(page);
  await look(page, "tablet-sync");
  const [patrol] = await scene.ledger("没有定位也能报");
  const [seen] = patrol!.sightings;
  expect(seen).toMatchObject({ parcel: code, photos: [sha256(scene.photos[1]!)] });
  expect(seen!.lon).toBeGreaterThan(104);
  await device.stand(scene.here);
});

test("a post's label is read by the camera without a network and opens its field", async () => {
  scene.link.line = "down";
  await device.open("/tablet/scan");
  await page.getByRole("button", { name: "用相机扫码" }).click();
  await page.getByRole("heading", { name: "地块", exact: true }).waitFor();
  const [code] = /\d{19}[\dX]/.exec(scene.program.scan)!;
  expect(new URL(page.url()).pathname).toBe(`/tablet/field/${code}`);
  await page.locator(".map[data-drawn]").waitFor();
  expect(await page.locator("dl").textContent()).toContain("白桥村");
  scene.link.line = "good";
});

test("what is installed weighs at most 700 kB compressed, map and agent included", async () => {
  const worker = await (await fetch(`${scene.program.url}/tablet/sw.js`)).text();
  const files = new Set([...worker.matchAll(/"url":"([^"]+)"/g)].map(([, url]) => url!));
  expect([...files].filter((file) => /\.wasm$|maplibre|index\.html/.test(file))).toHaveLength(3);
  const sizes = await Promise.all(["sw.js", ...files].map((file) => weight(`${scene.program.url}/tablet/${file}`)));
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(700_000);
});

/** Bytes that pass the line for a file, to a browser that takes gzip alone. */
function weight(url: string): Promise<number> {
  return new Promise((done, fail) => {
    get(url, { headers: { "accept-encoding": "gzip" } }, (answer) => {
      let bytes = 0;
      answer.on("data", (part: Buffer) => (bytes += part.length));
      answer.on("end", () => (answer.statusCode === 200 ? done(bytes) : fail(new Error(`${url}: ${answer.statusCode}`))));
    }).on("error", fail);
  });
}

test("every page is accessible, holds its width and asks nobody else", async () => {
  await device.open();
  await look(page, "tablet-home");
  await device.open("/tablet/fields");
  await page.locator(".map[data-drawn]").waitFor();
  await look(page, "tablet-fields");
  await page.locator(".lines .field").first().click();
  await page.getByRole("heading", { name: "地块", exact: true }).waitFor();
  await look(page, "tablet-field");
  await device.open("/tablet/scan");
  await look(page, "tablet-scan");
  const fresh = await scene.unpacked({ keeps: false });
  await fresh.open();
  await look(fresh.page, "tablet-enrol");
  expect([...device.wrong, ...fresh.wrong]).toEqual([]);
});
