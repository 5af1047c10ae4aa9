import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium, type Browser, type BrowserContext, type CDPSession, type Page } from "playwright-core";
import { ARGUMENTS, EXECUTABLE, watch } from "./browser";
import { film } from "./camera";

/** A tablet: a browser with a profile that outlives it, and no say in when it ends. */
export class Device {
  page!: Page;
  /** What the pages did wrong (see {@link watch}). */
  readonly wrong: string[] = [];
  private browser!: Browser;
  private process!: ChildProcess;
  private context!: BrowserContext;
  private tools: CDPSession | undefined;

  private constructor(
    private readonly origin: string,
    private readonly profile: string,
    private readonly keeps: boolean,
    private readonly label: string | undefined,
  ) {}

  /**
   * A new one; `keeps` says whether its browser promises not to evict what is stored, `label` is the text of the QR
   * code that its camera looks at.
   */
  static async unpack(origin: string, { keeps = true, label }: { keeps?: boolean; label?: string } = {}): Promise<Device> {
    const device = new Device(origin, mkdtempSync(join(tmpdir(), "gengwei-tablet-")), keeps, label);
    await device.start();
    return device;
  }

  /** Starts the browser over what the profile holds. */
  async start(): Promise<void> {
    const port = join(this.profile, "DevToolsActivePort");
    rmSync(port, { force: true });
    const own = [`--user-data-dir=${this.profile}`, "--remote-debugging-port=0", "--lang=zh-CN", "--hide-scrollbars", "about:blank"];
    if (this.label) {
      const seen = join(this.profile, "camera.y4m");
      film(this.label, seen);
      own.unshift("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream", `--use-file-for-fake-video-capture=${seen}`);
    }
    // A process group of its own: a battery that dies takes all of them.
    this.process = spawn(EXECUTABLE, [...ARGUMENTS, ...own], { stdio: "ignore", detached: true });
    const address = await patient(() => readFileSync(port, "utf8").split("\n")[0]);
    this.tools = undefined;
    this.browser = await patient(() => chromium.connectOverCDP(`http://127.0.0.1:${address}`));
    this.context = this.browser.contexts()[0]!;
    this.page = this.context.pages()[0] ?? (await this.context.newPage());
    await this.page.setViewportSize({ width: 1280, height: 800 });
    await this.page.emulateMedia({ reducedMotion: "reduce" });
    await this.context.grantPermissions(["geolocation"], { origin: this.origin });
    if (this.keeps) await this.grant("durableStorage");
    watch(this.page, this.origin, this.wrong);
  }

  async grant(...permissions: string[]): Promise<void> {
    const session = await this.browser.newBrowserCDPSession();
    await session.send("Browser.grantPermissions", { origin: this.origin, permissions: ["geolocation", ...permissions] as never });
  }

  /** So many more bytes may be kept; as many as there are when not given. Holds until the battery dies. */
  async room(more?: number): Promise<void> {
    this.tools ??= await this.context.newCDPSession(this.page);
    const { usage } = await this.tools.send("Storage.getUsageAndQuota", { origin: this.origin });
    await this.tools.send("Storage.overrideQuotaForOrigin", { origin: this.origin, ...(more ? { quotaSize: usage + more } : {}) });
  }

  async stand(at: { longitude: number; latitude: number; accuracy?: number } | null): Promise<void> {
    await this.context.setGeolocation(at);
  }

  /** Whether the tablet itself knows that it has no network. */
  async offline(is: boolean): Promise<void> {
    await this.context.setOffline(is);
  }

  async open(path = "/tablet"): Promise<void> {
    await this.page.goto(this.origin + path);
    await this.page.locator("main h1").first().waitFor();
  }

  /** The battery dies. */
  async die(): Promise<void> {
    const ended = new Promise((done) => this.process.once("exit", done));
    process.kill(-this.process.pid!, "SIGKILL");
    await ended;
    await this.browser.close().catch(() => undefined);
  }

  async throwAway(): Promise<void> {
    if (this.process.exitCode === null && this.process.signalCode === null) await this.die();
    rmSync(this.profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }
}

async function patient<T>(get: () => T | Promise<T>): Promise<NonNullable<T>> {
  for (let tries = 0; ; tries++) {
    try {
      const got = await get();
      if (got) return got;
    } catch (error) {
      if (tries >= 300) throw error;
    }
    if (tries >= 300) throw new Error("the browser does not start");
    await new Promise((done) => setTimeout(done, 50));
  }
}
