/** The middle of a GeoJSON geometry's extent, in its own coordinates; none when it has no point. */
export function centre(geometry: unknown): { lon: number; lat: number } | undefined {
  const box = [Infinity, Infinity, -Infinity, -Infinity] as [number, number, number, number];
  const walk = (value: unknown): void => {
    if (!Array.isArray(value)) return;
    const [x, y] = value as unknown[];
    if (typeof x === "number" && typeof y === "number") {
      box[0] = Math.min(box[0], x);
      box[1] = Math.min(box[1], y);
      box[2] = Math.max(box[2], x);
      box[3] = Math.max(box[3], y);
    } else value.forEach(walk);
  };
  if (typeof geometry === "object" && geometry !== null && "coordinates" in geometry) walk(geometry.coordinates);
  return box[0] <= box[2] ? { lon: (box[0] + box[2]) / 2, lat: (box[1] + box[3]) / 2 } : undefined;
}
