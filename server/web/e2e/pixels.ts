import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { Page } from "playwright-core";

const MAPLIBRE = join(dirname(createRequire(import.meta.url).resolve("maplibre-gl/package.json")), "dist");

/** A page of nothing but a map, under the program's address so that its cookie counts. */
const PAGE = `<!doctype html><meta charset="utf-8"><style>body{margin:0}#map{width:600px;height:600px}</style><div id="map"></div>
<script type="module">
import { Map, setWorkerUrl } from "/__map/maplibre-gl.mjs";
setWorkerUrl("/__map/maplibre-gl-worker.mjs");
const FILL = { "fill-color": "#000000", "fill-antialias": false };
window.paint = async (source, layer, center, zoom) => {
  const map = new Map({
    container: "map", center, zoom, attributionControl: false, fadeDuration: 0, pixelRatio: 1,
    canvasContextAttributes: { preserveDrawingBuffer: true, antialias: false },
    style: {
      version: 8, sources: { s: source },
      layers: [
        { id: "paper", type: "background", paint: { "background-color": "#ffffff" } },
        { id: "fill", type: "fill", source: "s", ...layer, paint: FILL },
      ],
    },
  });
  await map.once("idle");
  const canvas = map.getCanvas();
  const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d");
  copy.drawImage(canvas, 0, 0);
  const { data } = copy.getImageData(0, 0, canvas.width, canvas.height);
  const dark = new Uint8Array(canvas.width * canvas.height);
  for (let i = 0; i < dark.length; i++) dark[i] = data[4 * i] < 128 ? 1 : 0;
  map.remove();
  return { dark, width: canvas.width };
};
// How many pixels of one picture have nothing like them within one pixel in the other.
const lone = (a, b, width) => {
  let count = 0;
  for (let i = 0; i < a.length; i++) {
    if (a[i] === b[i]) continue;
    const near = [-1, 0, 1].some((dy) => [-1, 0, 1].some((dx) => b[i + dy * width + dx] === a[i]));
    if (!near) count++;
  }
  return count;
};
window.compare = async (tiles, features, center, zoom) => {
  const one = await paint({ type: "vector", tiles: [tiles], minzoom: 8, maxzoom: 16 }, { "source-layer": "parcels" }, center, zoom);
  const two = await paint({ type: "geojson", data: features, tolerance: 0, maxzoom: 20 }, {}, center, zoom);
  const sum = (dark) => dark.reduce((n, bit) => n + bit, 0);
  return { lone: lone(one.dark, two.dark, one.width) + lone(two.dark, one.dark, one.width), dark: [sum(one.dark), sum(two.dark)], all: one.dark.length };
};
window.ready = true;
</script>`;

export interface Difference {
  /** Pixels that have nothing like them within one pixel in the other picture, both ways. */
  lone: number;
  /** How many are dark in the tiles, and in the features. */
  dark: [number, number];
  all: number;
}

/** Draws the same parcels from tiles and from GeoJSON, and compares pixel by pixel. */
export async function compare(page: Page, origin: string, features: unknown, center: [number, number], zoom: number): Promise<Difference> {
  await page.route("**/__map/**", (route) => {
    const name = new URL(route.request().url()).pathname.split("/").at(-1) ?? "";
    return name ? route.fulfill({ path: join(MAPLIBRE, name), contentType: "text/javascript" }) : route.fulfill({ body: PAGE, contentType: "text/html" });
  });
  await page.goto(`${origin}/__map/`);
  await page.waitForFunction("window.ready");
  const ask = ([tiles, features, center, zoom]: unknown[]) =>
    (window as unknown as { compare: (...all: unknown[]) => Promise<Difference> }).compare(tiles, features, center, zoom);
  return page.evaluate(ask, [`${origin}/tiles/parcels/{z}/{x}/{y}`, features, center, zoom]);
}
