import type { Geometry, MultiPolygon, Polygon, Position } from "geojson";

/** Digits behind the point that the drawing tool takes: a tenth of a millimetre. */
const DIGITS = 9;

const rounded = (ring: Position[]): Position[] => ring.map((point) => [Number(point[0]!.toFixed(DIGITS)), Number(point[1]!.toFixed(DIGITS))]);

/** A geometry's polygons, one by one, without their holes: the drawing tool has none. */
export function polygonsOf(geometry: unknown): Polygon[] {
  const shape = geometry as Geometry | null | undefined;
  const all = shape?.type === "Polygon" ? [shape.coordinates] : shape?.type === "MultiPolygon" ? shape.coordinates : [];
  return all.flatMap(([outer]) => (outer ? [{ type: "Polygon" as const, coordinates: [rounded(outer)] }] : []));
}

/** Whether something would get lost in the drawing tool. */
export function hasHoles(geometry: unknown): boolean {
  const shape = geometry as Geometry | null | undefined;
  const all = shape?.type === "Polygon" ? [shape.coordinates] : shape?.type === "MultiPolygon" ? shape.coordinates : [];
  return all.some((rings) => rings.length > 1);
}

/** Polygons as one geometry; nothing when there are none. */
export function together(polygons: readonly Polygon[]): Polygon | MultiPolygon | undefined {
  const [first, ...more] = polygons;
  if (!first) return undefined;
  return more.length === 0 ? first : { type: "MultiPolygon", coordinates: polygons.map((p) => p.coordinates) };
}
