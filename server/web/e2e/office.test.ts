import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { launch, look } from "./browser";
import * as officer from "./officer";
import { compare } from "./pixels";
import { Program } from "./program";
import { heap, spot } from "./seed";

let program: Program;
let browser: Browser;
let first: string;
let second: string;

beforeAll(async () => {
  const start = Program.start((folder) => {
    const file = join(folder, "channels.toml");
    writeFileSync(file, '[[channel]]\nname = "人工报送"\nsubject = "case"\n\n[[channel]]\nname = "自治区平台"\nsubject = "case"\nurl = "http://127.0.0.1:9/cases"\nsecret = "s"\nattempts = 1\n');
    return { GENGWEI_CHANNELS: file };
  });
  [program, browser] = await Promise.all([start, launch()]);
  [first, second] = await heap(program);
});

afterAll(async () => {
  await browser?.close();
  await program?.stop();
});

const login = (account: string) => officer.login(browser, program, account);
const visit = (page: Page, path: string) => officer.visit(program, page, path);
const drawn = (page: Page) => page.locator(".map[data-drawn]").waitFor();

test("a case shows its photos with their bearings, what is missing, and the same thing seen twice", async () => {
  const { page, wrong } = await login("village");
  await visit(page, `/console/cases/${first}`);
  await drawn(page);
  expect(await page.locator(".photos > li").count()).toBe(4);
  const shots = page.locator("button.shot");
  await expect.poll(() => shots.count()).toBe(3);
  const turned = await shots.evaluateAll((all) => all.map((one) => one.querySelector(".fan")?.getAttribute("transform")));
  expect(turned.sort()).toEqual(["rotate(180)", "rotate(300)", "rotate(45)"]);
  expect(await page.locator(".photos").textContent()).toContain("没有拍摄信息");
  expect(await page.locator(".photos img").first().evaluate((img) => (img as HTMLImageElement).naturalWidth)).toBeGreaterThan(0);
  const ahead = page.getByRole("region", { name: "下一步" });
  expect(await ahead.textContent()).toContain("签收");

  const together = page.getByRole("region", { name: "可能是同一件事" });
  expect(await together.textContent()).toMatch(/相距 (29|30|31) 米/);
  await together.getByRole("button", { name: "并入本线索" }).click();
  await together.getByText("已并入").waitFor();
  await page.locator(".timeline").getByText("并案办理").waitFor();
  await look(page, "case-photos");
  await together.getByText("拆分").first().click();
  await together.getByLabel("拆分的原因").fill("是两堆不同的渣土。");
  await together.getByRole("button", { name: "拆分" }).click();
  await together.getByRole("button", { name: "并入本线索" }).waitFor();
  const api = await program.api("village");
  const { members } = (await (await api("GET", `/api/v1/cases/${first}/together`)).json()) as { members: unknown[] };
  expect(members).toEqual([]);
  expect(wrong).toEqual([]);
});

test("an outline is drawn on the map, corrected, and measured", async () => {
  const { page, wrong } = await login("village");
  await visit(page, `/console/cases/${second}`);
  await drawn(page);
  await page.getByRole("button", { name: "勾绘范围" }).click();
  await page.getByText("点地图加拐点").waitFor();
  const canvas = page.locator(".map canvas.maplibregl-canvas");
  const box = (await canvas.boundingBox())!;
  const at = (x: number, y: number) => ({ x: box.x + box.width / 2 + x, y: box.y + box.height / 2 + y });
  for (const [x, y] of [[-50, -40], [50, -40], [50, 40], [-50, 40], [-50, -40]] as const) {
    const point = at(x, y);
    await page.mouse.move(point.x, point.y, { steps: 3 });
    await page.mouse.click(point.x, point.y);
    await page.waitForTimeout(80);
  }
  await page.getByText("已画 1 块").waitFor();
  await page.getByLabel("理由").fill("按现场堆放的范围勾绘。");
  await look(page, "outline");
  await page.getByRole("button", { name: "提交范围" }).click();
  await page.getByRole("button", { name: "更正范围" }).waitFor();
  await page.locator(".timeline").getByText("按现场堆放的范围勾绘。").waitFor();
  const api = await program.api("village");
  const outlines = async () => ((await (await api("GET", `/api/v1/cases/${second}/outlines`)).json()) as { items: { area: number; parcels: unknown[] }[] }).items;
  const [one] = await outlines();
  expect(one!.area).toBeGreaterThan(100);
  expect(one!.parcels.length).toBeGreaterThan(0);

  await page.getByRole("button", { name: "更正范围" }).click();
  await page.getByText("已画 1 块").waitFor();
  await page.getByLabel("理由").fill("复核后不变。");
  await page.getByRole("button", { name: "提交范围" }).click();
  await page.locator(".timeline").getByText("复核后不变。").waitFor();
  const [latest] = await outlines();
  expect(Math.abs(latest!.area - one!.area)).toBeLessThan(0.1);
  expect(wrong).toEqual([]);
});

test("what has and has not arrived is seen, sent again and packed", async () => {
  const { page, wrong } = await login("county");
  const api = await program.api("county");
  const dead = async () => ((await (await api("GET", "/api/v1/deliveries?state=dead")).json()) as { items: unknown[] }).items.length;
  await expect.poll(dead, { timeout: 60_000, interval: 500 }).toBeGreaterThan(0);
  await visit(page, "/console/deliveries?state=dead");
  await page.locator("tbody .tag.warn").first().waitFor();
  await look(page, "deliveries");
  await page.getByRole("button", { name: "重新发送" }).first().click();
  await page.waitForLoadState("networkidle");
  expect(await page.locator("[role=alert]").allTextContents()).toEqual([]);
  await page.getByText("打包待报送的内容").first().click();
  await page.locator("#pack-channel").selectOption("人工报送");
  await page.getByRole("button", { name: "打包待报送的内容" }).click();
  const link = page.getByRole("link", { name: /下载文件包/ });
  await link.waitFor();
  const wait = page.waitForEvent("download");
  await link.click();
  expect(readFileSync(await (await wait).path()).subarray(0, 2).toString()).toBe("PK");
  expect(wrong).toEqual([]);
});

test("the register of persons is for those who may, and each reading is logged", async () => {
  const { page } = await login("township");
  await visit(page, `/console/cases/${first}`);
  await page.locator(".timeline").waitFor();
  expect(await page.getByRole("region", { name: "人员登记" }).count()).toBe(0);

  const director = await login("city");
  await visit(director.page, `/console/cases/${first}`);
  const register = director.page.getByRole("region", { name: "人员登记" });
  await register.getByRole("button", { name: "查看登记（留痕）" }).click();
  await register.getByText("没有登记。").waitFor();
  await register.getByText("登记人员").first().click();
  await register.getByLabel("姓名").fill("某甲");
  await register.getByLabel("责任或处理结果").fill("涉嫌在耕地上倾倒渣土，移送处理。");
  await register.getByRole("button", { name: "保存" }).click();
  await register.getByText("某甲").first().waitFor();
  await look(director.page, "persons");
  expect(director.wrong).toEqual([]);
});

test("a roster is imported with its refused rows, and parcels by the county", async () => {
  const { page, wrong } = await login("township");
  await visit(page, "/console/imports");
  await page.getByText("还没有导入过文件。").waitFor();
  await look(page, "imports-empty");
  await page.getByText("导入责任人名册").first().click();
  const roster = "区划代码,姓名,角色,确定方式\n64050210221077,张三,村民小组责任人,组长\n640502103200,王五,村级责任人,\n";
  await page.locator("#r-file").setInputFiles({ name: "名册.csv", mimeType: "text/csv", buffer: Buffer.from(roster) });
  await page.getByRole("button", { name: "上传并导入" }).click();
  await page.locator("td .tag.ok").waitFor({ timeout: 30_000 });
  await page.locator("details summary", { hasText: /^1$/ }).click();
  await page.getByText("不在导入单位的辖区内").waitFor();
  await look(page, "imports");
  const api = await program.api("township");
  expect((await api("GET", "/api/v1/regions/64050210221077")).status).toBe(200);
  expect(wrong).toEqual([]);
});

test("the log is verified by a button", async () => {
  const { page, wrong } = await login("auditor");
  await visit(page, "/console/audit");
  await page.getByRole("button", { name: "核验完整性" }).click();
  await page.getByText(/条，全部完好/).waitFor({ timeout: 60_000 });
  await page.getByText("audit.verify").first().waitFor();
  await look(page, "audit");
  expect(wrong).toEqual([]);
});

test("what the tiles show is what the features are, to a pixel", async () => {
  const { page } = await login("township");
  const api = await program.api("township");
  const place = await spot(program);
  const [lon, lat] = [place.lon, place.lat];
  const reach = 0.02;
  const features = await (await api("GET", `/ogc/collections/parcels/items?limit=500&bbox=${lon - reach},${lat - reach},${lon + reach},${lat + reach}`)).json();
  expect((features as { features: unknown[] }).features.length).toBeGreaterThan(5);
  for (const zoom of [16, 17.3]) {
    const { lone, dark, all } = await compare(page, program.url, features, [lon, lat], zoom);
    expect(dark[0], `something is drawn at ${zoom}`).toBeGreaterThan(all / 50);
    expect(dark[0], "and something is left out").toBeLessThan(all);
    expect(lone, `pixels that differ at zoom ${zoom}; dark: ${dark.join(" and ")}`).toBe(0);
  }
});

test("the queue is sorted as a whole, by the server", async () => {
  const { page, wrong } = await login("county");
  await visit(page, "/console/cases");
  expect(await page.locator("tbody tr").count()).toBe(50);
  const asked = page.waitForResponse((answer) => answer.url().includes("sort=-kind"));
  await page.getByRole("button", { name: "类型" }).click();
  await page.locator("th[aria-sort=ascending]").waitFor();
  await page.getByRole("button", { name: "类型" }).click();
  await asked;
  await page.locator("th[aria-sort=descending]").waitFor();
  const api = await program.api("county");
  const { items } = (await (await api("GET", "/api/v1/cases?sort=-kind&limit=50")).json()) as { items: { id: string }[] };
  const shown = () => page.locator("tbody tr td:first-child a").evaluateAll((links) => links.map((link) => link.getAttribute("href")));
  await expect.poll(shown).toEqual(items.map(({ id }) => `/console/cases/${id}`));
  expect(wrong).toEqual([]);
});
