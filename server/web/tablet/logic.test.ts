import { expect, test } from "vitest";
import { codeIn, enrol } from "./enrol";
import { ordered, under, type Parcel } from "./fields/fields";
import { distance, middle, within, type Geometry } from "./fields/geometry";
import { standpoints } from "./fields/stands";
import { patrolsOf, underWay } from "./patrol/history";
import { uuid7 } from "./patrol/ids";
import { parcelCode, serial, spaced } from "./scan/code";
import { chunk, extended, type Track } from "./store/track";

const square = (lon: number, lat: number): Geometry => ({
  type: "MultiPolygon",
  coordinates: [[
    [[lon, lat], [lon + 0.01, lat], [lon + 0.01, lat + 0.01], [lon, lat + 0.01], [lon, lat]],
    [[lon + 0.004, lat + 0.004], [lon + 0.006, lat + 0.004], [lon + 0.006, lat + 0.006], [lon + 0.004, lat + 0.006], [lon + 0.004, lat + 0.004]],
  ]],
});

function parcel(id: number, lon: number): Parcel {
  const outline = square(lon, 37.5);
  return { id, code: String(9 - id), unit: "", unitName: "", className: null, mu: 1, permanent: true, at: middle(outline), outline };
}

test("a code is taken as it is typed, scanned or printed, and a wrong digit is found", () => {
  const body = "6405021022100100001";
  const right = [..."0123456789X"].map((c) => parcelCode(body + c)).filter(Boolean);
  expect(right).toHaveLength(1);
  const code = right[0]!;
  expect(parcelCode(spaced(code))).toBe(code);
  expect([serial(code), serial("640502102210010001" + "23"), serial(null)]).toEqual(["1", "12", ""]);
  expect(parcelCode(`https://gengwei.example/g/${code}?t=abc`)).toBe(code);
  expect(parcelCode(code.replace(/\d/g, (d) => String.fromCharCode(d.charCodeAt(0) + 0xfee0)))).toBe(code);
  for (let at = 0; at < 19; at++) {
    const wrong = code.slice(0, at) + ((Number(code[at]) + 1) % 10) + code.slice(at + 1);
    expect(parcelCode(wrong), wrong).toBeUndefined();
  }
  // As on identity cards: 11010519491231002X is the example of the standard's 18 characters, not ours.
  expect(parcelCode("11010519491231002X")).toBeUndefined();
});

test("an enrolment code is found in an address and in what is typed", () => {
  expect(codeIn("https://gengwei.example/tablet#enrol=K7QM2-XFD9A")).toBe("K7QM2XFD9A");
  expect(codeIn(" k7qm2-xfd9a ")).toBe("K7QM2XFD9A");
  expect(codeIn("什么")).toBeUndefined();
});

test("a code is exchanged for keys; a refusal is told in the server's words", async () => {
  const answered = { device: 17, kind: "tablet", key: 0, up: "0a".repeat(32), down: "ff".repeat(32), unit: "64050210221001", token: "t", account: { account: "group", name: "李四" } };
  const mine = await enrol("K7QM2XFD9A", async () => Response.json(answered, { status: 201 }));
  expect(mine).toMatchObject({ device: 17, token: "t", name: "李四" });
  expect(mine.up).toEqual(new Uint8Array(32).fill(10));
  const gone = () => Promise.resolve(Response.json({ title: "没有找到", detail: "这个码已经用过。", status: 404 }, { status: 404 }));
  await expect(enrol("X", gone)).rejects.toMatchObject({ sentence: "这个码已经用过。" });
  await expect(enrol("X", () => Promise.reject(new TypeError("net")))).rejects.toMatchObject({ temporary: true });
  const post = { ...answered, kind: "post", token: null };
  await expect(enrol("X", async () => Response.json(post, { status: 201 }))).rejects.toMatchObject({ status: 422 });
});

test("fields come nearest first, the one underfoot before all; holes are not in a field", () => {
  const fields = [parcel(1, 105.0), parcel(2, 105.1), parcel(3, 105.2)];
  expect(ordered(fields, undefined).map((p) => p.id)).toEqual([3, 2, 1]);
  expect(ordered(fields, { lon: 105.101, lat: 37.501 }).map((p) => p.id)).toEqual([2, 1, 3]);
  expect(under(fields, { lon: 105.201, lat: 37.501 })?.id).toBe(3);
  expect(within(square(105, 37.5), { lon: 105.005, lat: 37.505 })).toBe(false);
  expect(distance({ lon: 105, lat: 37.5 }, { lon: 105, lat: 37.51 })).toBeCloseTo(1112, -1);
});

test("photos of a place are taken from all around it, beginning in the north", () => {
  const outline = { type: "Polygon", coordinates: [[[105, 37], [105.01, 37], [105.01, 37.01], [105.005, 37.02], [105, 37.01], [105, 37]]] };
  const four = standpoints(outline, 4);
  expect(four.map(({ number, side }) => [number, side])[0]).toEqual([1, 0]);
  expect(new Set(four.map(({ side }) => side)).size).toBe(4);
  for (const spot of four) expect(outline.coordinates[0]!.some(([lon, lat]) => distance(spot, { lon: lon!, lat: lat! }) < 1200)).toBe(true);
  const [north, east, south, west] = standpoints({ type: "Point", coordinates: [105, 37] }, 4);
  expect([north, east, south, west].map((spot) => spot!.side)).toEqual([0, 2, 4, 6]);
  for (const spot of [north, east, south, west]) expect(distance(spot!, { lon: 105, lat: 37 })).toBeCloseTo(15, 0);
  expect([standpoints(null, 3), standpoints(outline, 0)]).toEqual([[], []]);
});

test("patrols are what was told to the agent, in order; the one without an end goes on", () => {
  const at = 1_795_449_600;
  const [a, b, s] = [uuid7(at * 1000), uuid7(at * 1000 + 1), uuid7(at * 1000 + 2)];
  expect([b, s, a].sort()).toEqual([a, b, s]);
  const patrols = patrolsOf([
    { record: { kind: "patrol_started", at, patrol: a, region: "64050210221001" }, settledAt: 1 },
    { record: { kind: "sighting", at, id: s, sighting: "other", patrol: a }, settledAt: 1 },
    { record: { kind: "evidence_reference", at, subject: s, sha256: "00", length: 1, media: "jpeg" }, settledAt: 1 },
    { record: { kind: "patrol_finished", at: at + 60, patrol: a } },
    { record: { kind: "patrol_started", at: at + 90, patrol: b, region: "64050210221001" } },
  ]);
  expect(patrols.map((p) => p.id)).toEqual([b, a]);
  expect(underWay(patrols)?.id).toBe(b);
  expect(patrols[1]).toMatchObject({ finishedAt: at + 60, settled: false, sightings: [{ photos: 1 }] });
});

test("a track has the points that say something, and a record of them their times", () => {
  const at = 1_795_449_600_400;
  const point = (seconds: number, lat: number, accuracy = 8) => ({ lon: 105, lat, accuracy, at: at + seconds * 1000 });
  const walked = [point(0, 37), point(5, 37.00001), point(10, 37.0005), point(9, 37.0006), point(15, 37.01, 80), point(75, 37.0005)];
  const track = walked.reduce((known, fix) => extended(known, fix) ?? known, { patrol: "p", points: [] } as Track);
  expect(track.points.map((kept) => kept.at - at)).toEqual([0, 10_000, 75_000]);
  expect(chunk(track)).toEqual({
    kind: "track_chunk", at: 1_795_449_600, patrol: "p", points: [[0, 105, 37], [10, 105, 37.0005], [75, 105, 37.0005]],
  });
  expect(chunk({ patrol: "p", points: [] })).toBeUndefined();
});
