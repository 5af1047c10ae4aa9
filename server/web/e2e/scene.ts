import { createHash } from "node:crypto";
import type { Page } from "playwright-core";
import { expect } from "vitest";
import { launch } from "./browser";
import { Device } from "./device";
import { Link } from "./link";
import { Program } from "./program";
import { middle } from "./seed";

export interface Patrol {
  id: string;
  track: { coordinates: [number, number][] } | null;
  sightings: { words: string; photos: string[]; lon: number | null; lat: number | null; parcel: string | null }[];
}

/** The demo's server, a line to it that may be bad, and tablets. */
export class Scene {
  private readonly devices: Device[] = [];
  private latest = 0;

  private constructor(
    readonly program: Program,
    readonly link: Link,
    readonly photos: Buffer[],
    /** Where the group leader stands: on his second field. */
    readonly here: { longitude: number; latitude: number; accuracy: number },
  ) {}

  static async set(): Promise<Scene> {
    const [program, photos] = await Promise.all([Program.start(), pictures(12)]);
    const api = await program.api("group");
    const { items } = (await (await api("GET", "/api/v1/parcels?limit=2")).json()) as { items: { code: string }[] };
    const { geometry } = (await (await api("GET", `/api/v1/parcels/${items[1]!.code}`)).json()) as { geometry: Parameters<typeof middle>[0] };
    const { lon, lat } = middle(geometry);
    return new Scene(program, await Link.open(program.url), photos, { longitude: lon, latitude: lat, accuracy: 8 });
  }

  /** A tablet of the group's leader, enrolled and with its fields on it. `room` is what it may keep besides the app, in bytes. */
  async enrolled({ keeps = true, room, label }: { keeps?: boolean; room?: number; label?: string } = {}): Promise<Device> {
    const device = await this.unpacked({ keeps, ...(label ? { label } : {}) });
    if (room) {
      // The browser remembers for half a minute how much room there is: so before the first thing is stored.
      await device.open();
      await device.page.waitForFunction(() => navigator.serviceWorker.controller);
      await device.room(room);
    }
    await device.stand(this.here);
    await device.open(`/tablet#enrol=${await this.code()}`);
    await device.page.getByText("马占山，您好").waitFor();
    await device.page.locator(".lines .field").first().waitFor();
    await device.page.waitForFunction(() => navigator.serviceWorker.controller);
    return device;
  }

  /** An enrolment code of the group's leader, for a new device. */
  async code(): Promise<string> {
    const api = await this.program.api("group");
    const { code, device } = (await (await api("POST", "/api/v1/me/devices", { name: "巡查平板" })).json()) as { code: string; device: number };
    this.latest = device;
    return code;
  }

  /** The township takes the device of the latest code out of use. */
  async revoke(): Promise<void> {
    const api = await this.program.api("township");
    await api("POST", `/api/v1/devices/${this.latest}/revocation`, { lost: false });
  }

  /** One as it comes out of the box. */
  async unpacked(options: { keeps?: boolean; label?: string } = {}): Promise<Device> {
    const device = await Device.unpack(this.link.url, options);
    this.devices.push(device);
    return device;
  }

  /** The patrols in the ledger with a sighting whose words hold these, and all that hangs on them. */
  async ledger(words: string): Promise<Patrol[]> {
    const api = await this.program.api("township");
    const { items } = (await (await api("GET", "/api/v1/patrols?region=64050210221001&limit=100")).json()) as { items: Patrol[] };
    const whole = await Promise.all(items.map(async ({ id }) => (await (await api("GET", `/api/v1/patrols/${id}`)).json()) as Patrol));
    return whole.filter((patrol) => patrol.sightings.some((sighting) => sighting.words.includes(words)));
  }

  /** The server's bytes of these photos are those that the camera made. */
  async unchanged(taken: Buffer[]): Promise<void> {
    const api = await this.program.api("township");
    for (const photo of taken) {
      const answer = await api("GET", `/api/v1/evidence/${sha256(photo)}`);
      expect(Buffer.from(await answer.arrayBuffer()).equals(photo)).toBe(true);
    }
  }

  /** How many records of tablets could not be applied. */
  async quarantined(): Promise<number> {
    const api = await this.program.api("township");
    const { items } = (await (await api("GET", "/api/v1/quarantine?state=waiting")).json()) as { items: unknown[] };
    return items.length;
  }

  /** After a test: tablets go, the line is good. */
  async clear(): Promise<void> {
    await Promise.all(this.devices.splice(0).map((device) => device.throwAway()));
    this.link.mend();
  }

  async strike(): Promise<void> {
    await this.clear();
    await this.link.close();
    await this.program.stop();
  }
}

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

export function sha256(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** What is said to wait. */
export async function counter(page: Page): Promise<number> {
  return Number(await page.locator(".counter").getAttribute("data-waiting"));
}

export async function start(page: Page): Promise<void> {
  await page.getByRole("button", { name: "开始巡查" }).click();
  await page.getByRole("heading", { name: "正在巡查" }).waitFor();
}

export async function finish(page: Page): Promise<void> {
  await page.getByRole("button", { name: "结束巡查" }).click();
  await page.getByRole("button", { name: "开始巡查" }).waitFor();
}

/** Enters a sighting; it is not saved yet. */
export async function enter(page: Page, kind: string, note: string, taken: Buffer[]): Promise<void> {
  await page.getByRole("link", { name: "看到问题" }).click();
  await page.locator(".kind", { hasText: kind }).click();
  for (const [i, buffer] of taken.entries()) {
    await page.locator("#photo").setInputFiles({ name: `IMG_${i}.jpg`, mimeType: "image/jpeg", buffer });
    await expect.poll(() => page.locator(".thumb").count()).toBe(i + 1);
  }
  await page.locator("#note").fill(note);
}

export async function save(page: Page): Promise<void> {
  await page.getByRole("button", { name: "保存" }).click();
  await page.getByRole("heading", { name: "正在巡查" }).waitFor();
}

/** Presses the button until all is with the server. */
export async function upload(page: Page): Promise<void> {
  await page.locator(".counter").click();
  await page.getByRole("button", { name: "立即上传" }).click();
  await expect.poll(() => counter(page), { timeout: 30_000 }).toBe(0);
}
