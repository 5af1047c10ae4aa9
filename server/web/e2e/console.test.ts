import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { launch, look, watch } from "./browser";
import * as officer from "./officer";
import { Program } from "./program";
import { cases, report } from "./seed";

let program: Program;
let browser: Browser;

beforeAll(async () => {
  [program, browser] = await Promise.all([Program.start(), launch()]);
  await cases(program, 40);
  await report(program);
});

afterAll(async () => {
  await browser?.close();
  await program?.stop();
});

const login = (account: string) => officer.login(browser, program, account);
const visit = (page: Page, path: string) => officer.visit(program, page, path);

test("nobody gets further than the login, and a wrong password is told in words", async () => {
  const context = await browser.newContext({ locale: "zh-CN" });
  const page = await context.newPage();
  const wrong = watch(page, program.url);
  const answer = await page.goto(`${program.url}/console/triage`);
  expect(answer?.headers()["content-security-policy"]).toContain("default-src 'none'");
  await page.locator("#account").fill("township");
  await page.locator("#password").fill("wrong");
  await page.keyboard.press("Enter");
  await page.locator("[role=alert]").waitFor();
  expect(await page.locator("[role=alert]").textContent()).toContain("登录失败");
  await look(page, "login");
  expect(wrong).toEqual([]);
  await context.close();
});

test("a township officer triages forty cases by keyboard alone, and takes one decision back", async () => {
  const { page, wrong } = await login("township");
  for (let tabs = 0; tabs < 10; tabs++) {
    await page.keyboard.press("Tab");
    if ((await page.evaluate(() => document.activeElement?.getAttribute("href"))) === "/console/triage") break;
  }
  await page.keyboard.press("Enter");
  const chosen = page.locator(".cases [aria-current]");
  await chosen.waitFor();
  const queued = await page.locator(".cases li").count();
  expect(queued).toBeGreaterThanOrEqual(40);
  const fresh = () => page.locator(".pane article button kbd", { hasText: /^S$/ }).waitFor();

  await fresh();
  await page.keyboard.press("s");
  await page.locator("section.waiting").waitFor();
  await page.keyboard.press("z");
  await fresh();
  expect(await page.locator(".decision").count()).toBe(0);

  for (let n = 0; n < 40; n++) {
    await fresh();
    await page.keyboard.press("s");
    if (n < queued - 1) await page.keyboard.press("j");
  }
  await expect.poll(() => page.locator(".decision.done").count(), { timeout: 20_000 }).toBe(40);
  const api = await program.api("township");
  const accepted = (await (await api("GET", "/api/v1/cases?state=accepted&limit=100")).json()) as { items: unknown[] };
  expect(accepted.items).toHaveLength(40);
  expect(wrong).toEqual([]);
});

test("a case somebody else has moved on is told, read anew and left undecided", async () => {
  const { page } = await login("township");
  const api = await program.api("township");
  const { items } = (await (await api("GET", "/api/v1/cases?state=accepted&limit=1")).json()) as { items: { id: string; version: number }[] };
  const [one] = items;
  if (!one) throw new Error("no accepted case");
  await visit(page, `/console/cases/${one.id}`);
  await page.locator("kbd", { hasText: /^Y$/ }).waitFor();
  const answer = await fetch(`${program.url}/api/v1/cases/${one.id}/events`, {
    method: "POST",
    headers: { ...(await headers("village")), "if-match": `"${one.version}"` },
    body: JSON.stringify({ action: "comment", words: "村里已经去看过。" }),
  });
  expect(answer.status).toBe(201);
  await page.keyboard.press("y");
  await page.locator("[role=alert]").waitFor({ timeout: 20_000 });
  expect(await page.locator("[role=alert]").textContent()).toContain("内容已被他人更新");
  expect(await page.locator(".timeline").textContent()).toContain("村里已经去看过。");
});

async function headers(account: string): Promise<Record<string, string>> {
  const json = { "content-type": "application/json" };
  const body = JSON.stringify({ account, password: program.who(account).password });
  const opened = await fetch(`${program.url}/api/v1/sessions`, { method: "POST", headers: json, body });
  return { ...json, authorization: `Bearer ${((await opened.json()) as { token: string }).token}` };
}

test("the neighbouring township sees none of it", async () => {
  const { page } = await login("neighbour");
  await visit(page, "/console/triage?state=any");
  await page.locator(".queue :is(.cases, .empty strong)").waitFor();
  expect(await page.locator(".queue").textContent()).not.toContain("东园镇");
  await visit(page, "/console/grid/640502102000");
  expect(await page.locator("[role=alert]").first().textContent()).toContain("没有找到");
  await visit(page, "/console/reports");
  await page.locator("section .empty strong").waitFor();
});

test("every page of an officer is accessible, holds its width and asks nobody else", async () => {
  const { page, wrong } = await login("township");
  const pages = { triage: "/console/triage?state=any", cases: "/console/cases", grid: "/console/grid", ledger: "/console/ledger?level=6", posts: "/console/posts", patches: "/console/patches", notices: "/console/notices", devices: "/console/devices", reports: "/console/reports", me: "/console" };
  for (const [name, path] of Object.entries(pages)) {
    await visit(page, path);
    expect(await page.locator("[role=alert]").allTextContents(), name).toEqual([]);
    await look(page, name);
  }
  await visit(page, "/console/cases");
  await page.locator("tbody a").first().click();
  await page.locator(".timeline").waitFor();
  await look(page, "case");
  await page.getByRole("button", { name: "English" }).click();
  await look(page, "case-en");
  expect(wrong).toEqual([]);
}, 240_000);

test("so are those of the administrators and of the county's office", async () => {
  for (const [account, path] of [["sysadmin", "/console/accounts"], ["secadmin", "/console/accounts"], ["auditor", "/console/audit"], ["county", "/console/patches"]] as const) {
    const { page, wrong } = await login(account);
    await visit(page, path);
    expect(await page.locator("[role=alert]").allTextContents(), account).toEqual([]);
    await look(page, account);
    expect(wrong).toEqual([]);
  }
});
