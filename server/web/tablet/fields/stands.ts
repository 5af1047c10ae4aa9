import { distance, middle, type Geometry, type Spot } from "./geometry";

/** Where to take a photo of something from, and which way to look. */
export interface Standpoint extends Spot {
  /** From 1. */
  number: number;
  /** On which side of it, as one of eight winds clockwise from north. */
  side: number;
}

type Outline = Geometry | { type: "Point"; coordinates: [number, number] };

/** Metres from a lone spot: near enough to see it, far enough to see what is around. */
const AWAY = 15;
const METRES_A_DEGREE = 111_195;

/**
 * So many places around an outline, evenly along its edge and beginning at its north, from which all sides of it are
 * seen; around a lone spot they lie on a circle.
 */
export function standpoints(outline: unknown, count: number): Standpoint[] {
  const shape = outline as Outline | null | undefined;
  if (!shape || count < 1) return [];
  const ring = shape.type === "Point" ? circle(shape.coordinates) : outer(shape);
  if (ring.length < 3) return [];
  const from = shape.type === "Point" ? spot(shape.coordinates) : middle(shape);
  const lengths = ring.map((point, i) => distance(point, ring[(i + 1) % ring.length]!));
  const whole = lengths.reduce((sum, length) => sum + length, 0);
  return Array.from({ length: count }, (_, i) => {
    const at = along(ring, lengths, (whole * i) / count);
    return { ...at, number: i + 1, side: wind(from, at) };
  });
}

const spot = ([lon, lat]: [number, number]): Spot => ({ lon, lat });

function circle([lon, lat]: [number, number]): Spot[] {
  const [high, wide] = [AWAY / METRES_A_DEGREE, AWAY / METRES_A_DEGREE / Math.cos((lat * Math.PI) / 180)];
  return Array.from({ length: 36 }, (_, i) => {
    const angle = (i * Math.PI) / 18;
    return { lon: lon + wide * Math.sin(angle), lat: lat + high * Math.cos(angle) };
  });
}

/** The longest outer ring, clockwise or not as it comes, from its northernmost corner on. */
function outer(shape: Geometry): Spot[] {
  const polygons = shape.type === "Polygon" ? [shape.coordinates] : shape.coordinates;
  const rings = polygons.map((rings) => (rings[0] ?? []).slice(0, -1).map(spot));
  const around = (ring: Spot[]) => ring.reduce((sum, point, i) => sum + distance(point, ring[(i + 1) % ring.length]!), 0);
  const [longest] = rings.sort((a, b) => around(b) - around(a));
  if (!longest || longest.length === 0) return [];
  const north = longest.reduce((best, point, i) => (point.lat > longest[best]!.lat ? i : best), 0);
  return [...longest.slice(north), ...longest.slice(0, north)];
}

function along(ring: Spot[], lengths: number[], metres: number): Spot {
  let left = metres;
  for (const [i, length] of lengths.entries()) {
    if (left <= length && length > 0) {
      const [a, b] = [ring[i]!, ring[(i + 1) % ring.length]!];
      const share = left / length;
      return { lon: a.lon + share * (b.lon - a.lon), lat: a.lat + share * (b.lat - a.lat) };
    }
    left -= length;
  }
  return ring[0]!;
}

/** In which of eight winds `to` lies from `from`: 0 north, 2 east. */
export function wind(from: Spot, to: Spot): number {
  const x = (to.lon - from.lon) * Math.cos((from.lat * Math.PI) / 180);
  const angle = Math.atan2(x, to.lat - from.lat);
  return Math.round((angle / (2 * Math.PI)) * 8 + 8) % 8;
}
