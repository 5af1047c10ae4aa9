import type { Browser, Page } from "playwright-core";
import { watch } from "./browser";
import type { Program } from "./program";

/** Logs in by keyboard alone; answers the page and what was wrong with it on the way. */
export async function login(browser: Browser, program: Program, account: string): Promise<{ page: Page; wrong: string[] }> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, locale: "zh-CN", reducedMotion: "reduce" });
  const page = await context.newPage();
  const wrong = watch(page, program.url);
  await page.goto(`${program.url}/console`);
  await page.locator("#account:focus").waitFor();
  await page.keyboard.type(account);
  await page.keyboard.press("Tab");
  await page.keyboard.type(program.who(account).password);
  await page.keyboard.press("Enter");
  await page.locator("nav").waitFor();
  return { page, wrong };
}

/** Opens a page of the program and waits until it has read what it shows. */
export async function visit(program: Program, page: Page, path: string): Promise<void> {
  await page.goto(program.url + path);
  await page.locator("main h1").waitFor();
  await page.waitForLoadState("networkidle");
}
