import { expect, test } from "vitest";
import { hasHoles, polygonsOf, together } from "./shapes";

const ring = [[105.12345678912, 37], [106, 37], [106, 38], [105.12345678912, 37]];

test("a geometry goes into the drawing tool polygon by polygon and comes out as one", () => {
  const parts = polygonsOf({ type: "MultiPolygon", coordinates: [[ring], [ring]] });
  expect(parts).toHaveLength(2);
  expect(parts[0]!.coordinates[0]![0]).toEqual([105.123456789, 37]);
  expect(together(parts)?.type).toBe("MultiPolygon");
  expect(together(parts.slice(1))?.type).toBe("Polygon");
  expect([together([]), polygonsOf(undefined), polygonsOf({ type: "Point", coordinates: [1, 2] })]).toEqual([undefined, [], []]);
});

test("holes are told of before they get lost", () => {
  expect(hasHoles({ type: "Polygon", coordinates: [ring, ring] })).toBe(true);
  expect(hasHoles({ type: "Polygon", coordinates: [ring] })).toBe(false);
});
