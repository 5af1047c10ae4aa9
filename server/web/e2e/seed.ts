import { randomBytes } from "node:crypto";
import { picture } from "./picture";
import type { Program } from "./program";

/** A UUIDv7, as clients make them. */
export function uuid7(): string {
  const bytes = randomBytes(16);
  bytes.writeUIntBE(Date.now(), 0, 6);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x70, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  return bytes.toString("hex").replace(/(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

type Rings = [number, number][][];

/** The mean of a shape's first ring. */
export function middle(geometry: { type: string; coordinates: Rings | Rings[] }): { lon: number; lat: number } {
  const outer = (geometry.type === "MultiPolygon" ? (geometry.coordinates as Rings[])[0] : (geometry.coordinates as Rings))?.[0] ?? [];
  const mean = (axis: 0 | 1) => outer.reduce((sum, point) => sum + point[axis], 0) / outer.length;
  return { lon: mean(0), lat: mean(1) };
}

/** Cases in the demo's group, as its leader finds them: `count` sightings in as many patrols as that takes. */
export async function cases(program: Program, count: number): Promise<void> {
  const api = await program.api("group");
  const { items } = (await (await api("GET", "/api/v1/parcels?limit=100")).json()) as { items: { code: string }[] };
  const spots = [];
  for (const { code } of items) {
    const { geometry } = (await (await api("GET", `/api/v1/parcels/${code}`)).json()) as { geometry: Parameters<typeof middle>[0] };
    spots.push({ parcel: code, ...middle(geometry) });
  }
  const kinds = ["abandoned", "dumping", "orchard", "post"];
  for (let filed = 0; filed < count; ) {
    const now = new Date().toISOString();
    const sightings = spots.slice(0, count - filed).map((spot, i) => ({
      ...spot, kind: kinds[(filed + i) % kinds.length], seen_at: now, words: `第${filed + i + 1}处：渠东边的地里堆了渣土。`,
    }));
    filed += sightings.length;
    const patrol = { id: uuid7(), unit: "64050210221001", started_at: now, ended_at: now, sightings };
    await api("POST", "/api/v1/patrols", patrol);
  }
}

/** A report from the public at the demo's post; answers its tracking number. */
export async function report(program: Program): Promise<string> {
  const form = new FormData();
  form.set("words", "有人在地里挖沙。");
  form.set("place", "渠东边第二块地");
  form.set("kind", "digging");
  const [address, query] = program.scan.split("?");
  const answer = await fetch(`${address}/reports?${query}`, { method: "POST", body: form });
  if (answer.status !== 201) throw new Error(`the report was not taken: ${answer.status} ${await answer.text()}`);
  return ((await answer.json()) as { tracking: string }).tracking;
}

/** A place in the middle of one of the demo group's parcels. */
export async function spot(program: Program): Promise<{ parcel: string; lon: number; lat: number }> {
  const api = await program.api("group");
  const { items } = (await (await api("GET", "/api/v1/parcels?limit=1")).json()) as { items: { code: string }[] };
  const code = items[0]!.code;
  const { geometry } = (await (await api("GET", `/api/v1/parcels/${code}`)).json()) as { geometry: Parameters<typeof middle>[0] };
  return { parcel: code, ...middle(geometry) };
}

/**
 * Two sightings of the same heap, thirty metres apart, the first with photos that look at it from three sides and one
 * whose camera knew nothing; answers the ids of their cases, the first one's first.
 */
export async function heap(program: Program): Promise<[string, string]> {
  const api = await program.api("group");
  const { parcel, lon, lat } = await spot(program);
  const photos = [picture(10), picture(30), picture(50), picture(70)];
  const now = new Date().toISOString();
  for (const [i, { bytes, sha256 }] of photos.entries()) {
    await api("PUT", `/api/v1/evidence/${sha256}`, bytes, { "content-type": "image/png" });
    if (i === 3) continue;
    const azimuth = [45, 180, 300][i]!;
    const back = ((azimuth + 180) * Math.PI) / 180;
    const from = { lon: lon + (Math.sin(back) * 40) / 88_000, lat: lat + (Math.cos(back) * 40) / 111_000 };
    await api("POST", `/api/v1/evidence/${sha256}/facts`, { ...from, azimuth, accuracy: 6, taken_at: now, sent_at: now });
  }
  const sighting = { kind: "dumping", seen_at: now, parcel };
  const sightings = [
    { ...sighting, lon, lat, words: "渠边新堆了渣土。", photos: photos.map((photo) => photo.sha256) },
    { ...sighting, lon: lon + 30 / 88_000, lat, words: "渠边有一堆渣土。", photos: [] },
  ];
  await api("POST", "/api/v1/patrols", { id: uuid7(), unit: "64050210221001", started_at: now, ended_at: now, sightings });
  const { items } = (await (await api("GET", "/api/v1/cases?kind=dumping&limit=50")).json()) as { items: { id: string; words: string }[] };
  const find = (words: string) => items.find((item) => item.words.includes(words))!.id;
  return [find("新堆了"), find("有一堆")];
}
