/** A place in degrees. */
export interface Spot {
  lon: number;
  lat: number;
}

type Ring = [number, number][];
export type Geometry = { type: "Polygon"; coordinates: Ring[] } | { type: "MultiPolygon"; coordinates: Ring[][] };

/** The mean radius of the earth in metres. */
const RADIUS = 6_371_000;
const RADIANS = Math.PI / 180;

/** Metres between two places close to each other; off by less than a hundredth within a county. */
export function distance(a: Spot, b: Spot): number {
  const x = (b.lon - a.lon) * RADIANS * Math.cos(((a.lat + b.lat) / 2) * RADIANS);
  const y = (b.lat - a.lat) * RADIANS;
  return Math.hypot(x, y) * RADIUS;
}

function polygons(geometry: Geometry): Ring[][] {
  return geometry.type === "Polygon" ? [geometry.coordinates] : geometry.coordinates;
}

/** The middle of the box around a shape. */
export function middle(geometry: Geometry): Spot {
  const points = polygons(geometry).flatMap((rings) => rings[0] ?? []);
  const mean = (axis: 0 | 1) => {
    const values = points.map((point) => point[axis]);
    return (Math.min(...values) + Math.max(...values)) / 2;
  };
  return { lon: mean(0), lat: mean(1) };
}

/** Whether a place lies within a shape; holes do not count. */
export function within(geometry: Geometry, spot: Spot): boolean {
  return polygons(geometry).some((rings) => rings.reduce((inside, ring) => inside !== crosses(ring, spot), false));
}

function crosses(ring: Ring, { lon, lat }: Spot): boolean {
  let odd = false;
  ring.forEach(([x, y], i) => {
    const [px, py] = ring[(i + ring.length - 1) % ring.length]!;
    if (y > lat !== py > lat && lon < ((px - x) * (lat - y)) / (py - y) + x) odd = !odd;
  });
  return odd;
}
