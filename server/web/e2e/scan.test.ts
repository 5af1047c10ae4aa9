import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { accessible, launch, look, watch } from "./browser";
import { Program } from "./program";

let program: Program;
let browser: Browser;

beforeAll(async () => {
  [program, browser] = await Promise.all([Program.start(), launch()]);
});

afterAll(async () => {
  await browser?.close();
  await program?.stop();
});

/** One pixel of JPEG's beginning: enough for the server to know a photo. */
const JPEG = Buffer.from("ffd8ffe000024a46494600ffd9", "hex");

test("a passer-by reads the page, opens the sketch, reports with photo and position, and follows it", async () => {
  const context = await browser.newContext({
    viewport: { width: 360, height: 740 }, locale: "zh-CN",
    geolocation: { longitude: 105.19, latitude: 37.51, accuracy: 12 }, permissions: ["geolocation"],
  });
  const page = await context.newPage();
  const wrong = watch(page, program.url);
  const asked: string[] = [];
  page.on("request", (request) => asked.push(new URL(request.url()).pathname));
  const answer = await page.goto(program.scan);
  expect((await answer!.body()).length).toBeLessThanOrEqual(20_000);
  await page.waitForLoadState("networkidle");
  expect(asked.some((path) => path.endsWith("/sketch.svg")), "the sketch is read on tap only").toBe(false);
  await look(page, "scan");

  await page.setViewportSize({ width: 360, height: 740 });
  await page.locator("summary").click();
  await expect.poll(() => page.locator("details img").evaluate((img) => (img as HTMLImageElement).naturalWidth)).toBeGreaterThan(0);
  await page.locator("#spot button").click();
  await expect.poll(() => page.locator("#spot output").textContent()).toContain("12 米");
  await page.locator("#words").fill("有人在地里挖沙。");
  await page.locator("#photo").setInputFiles({ name: "a.jpg", mimeType: "image/jpeg", buffer: JPEG });
  await page.locator("form button:not([type])").click();
  await page.waitForURL(/\/r\//);
  await accessible(page, "follow");
  await look(page, "follow");
  expect(wrong).toEqual([]);

  const reports = (await (await (await program.api("township"))("GET", "/api/v1/reports")).json()) as { items: { lon: number; lat: number }[] };
  expect(reports.items[0]).toMatchObject({ lon: 105.19, lat: 37.51 });
  await context.close();
});

test("the page is whole without JavaScript", async () => {
  const context = await browser.newContext({ javaScriptEnabled: false, viewport: { width: 360, height: 740 } });
  const page = await context.newPage();
  await page.goto(program.scan);
  expect(await page.locator("#spot").isVisible()).toBe(false);
  await page.locator("#words").fill("堆了渣土。");
  await page.locator("form button:not([type])").click();
  await page.waitForURL(/\/r\//);
  await context.close();
});
