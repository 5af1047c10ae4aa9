import { expect, test } from "vitest";
import { centre } from "./centre";

test("the middle of any geometry, and none of nothing", () => {
  expect(centre({ type: "Point", coordinates: [105, 37] })).toEqual({ lon: 105, lat: 37 });
  const ring = [[105, 37], [107, 37], [107, 38], [105, 37]];
  expect(centre({ type: "MultiPolygon", coordinates: [[ring]] })).toEqual({ lon: 106, lat: 37.5 });
  expect(centre({ type: "MultiPolygon", coordinates: [] })).toBeUndefined();
  expect(centre(null)).toBeUndefined();
});
