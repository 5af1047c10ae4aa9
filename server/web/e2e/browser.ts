import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { resolve } from "node:path";
import { chromium, type Browser, type Page } from "playwright-core";
import { expect } from "vitest";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const SHOTS = resolve(import.meta.dirname, "shots");

/** The sizes at which every page is looked at: a phone, an old tablet, an office. */
export const SIZES = [
  { width: 360, height: 740 },
  { width: 1280, height: 800 },
  { width: 1920, height: 1080 },
] as const;

/** Debian's Chromium; maps are drawn without a graphics card. */
export const EXECUTABLE = process.env["CHROMIUM"] ?? "/usr/bin/chromium";
export const ARGUMENTS = [
  "--headless", "--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync", "--use-angle=swiftshader", "--enable-unsafe-swiftshader",
] as const;

export function launch(): Promise<Browser> {
  return chromium.launch({ executablePath: EXECUTABLE, args: [...ARGUMENTS] });
}

/** Fails when a page throws, breaks its Content-Security-Policy or asks another server. */
export function watch(page: Page, origin: string, found: string[] = []): string[] {
  page.on("pageerror", (error) => found.push(`thrown: ${error.message}`));
  page.on("console", (message) => {
    if (/Content.Security.Policy/i.test(message.text())) found.push(message.text());
  });
  page.on("request", (request) => {
    const url = request.url();
    if (!url.startsWith(origin) && !/^(data|blob):/.test(url)) found.push(`asked ${url}`);
  });
  return found;
}

/** WCAG 2.2 AA as far as axe-core can tell. */
export async function accessible(page: Page, name: string): Promise<void> {
  await page.evaluate(AXE);
  const broken = await page.evaluate(async () => {
    const axe = (window as unknown as { axe: typeof import("axe-core") }).axe;
    const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
    const { violations } = await axe.run(document, { runOnly: tags });
    return violations.map((v) => `${v.id}: ${v.help}: ${v.nodes.map((n) => n.target.join(" ")).join(", ")}`);
  });
  expect(broken, name).toEqual([]);
}

/** At every size, light and dark: nothing sticks out sideways; a picture of each goes to e2e/shots. */
export async function look(page: Page, name: string): Promise<void> {
  mkdirSync(SHOTS, { recursive: true });
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    for (const size of SIZES) {
      await page.setViewportSize(size);
      if (await page.locator(".map").count()) await page.locator(".map[data-drawn]").waitFor();
      await page.waitForTimeout(150);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      expect(wide, `${name} sticks out at ${size.width} px`).toBeLessThanOrEqual(0);
      await page.screenshot({ path: `${SHOTS}/${name}-${size.width}-${colorScheme}.png`, fullPage: name.startsWith("tablet") });
    }
    await accessible(page, `${name}, ${colorScheme}`);
  }
}
