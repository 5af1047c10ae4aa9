import type { StyleSpecification } from "maplibre-gl";
import { colours } from "../../shared/map/style";

/** Sources of the map, all of them drawn from what is on the tablet. */
export const SOURCES = ["fields", "outline", "stands", "me", "spot"] as const;
export type Source = (typeof SOURCES)[number];

const NOTHING = { type: "FeatureCollection" as const, features: [] };
const ALARM = "#c2410c";
const BLUE = "#1d4ed8";

/** The fields as shapes on paper: no tile, no glyph and no picture is asked for. */
export function style(dark: boolean): StyleSpecification {
  const c = colours(dark);
  return {
    version: 8,
    sources: Object.fromEntries(SOURCES.map((name) => [name, { type: "geojson" as const, data: NOTHING }])),
    layers: [
      { id: "paper", type: "background", paint: { "background-color": c.paper } },
      { id: "fields", type: "fill", source: "fields", paint: { "fill-color": ["case", ["get", "permanent"], c.keep, c.field] } },
      {
        id: "edges", type: "line", source: "fields",
        paint: { "line-color": c.edge, "line-width": ["interpolate", ["linear"], ["zoom"], 13, 0.6, 17, 2] },
      },
      { id: "chosen", type: "line", source: "fields", filter: ["==", ["get", "name"], ""], paint: { "line-color": ALARM, "line-width": 4 } },
      {
        id: "names", type: "symbol", source: "fields", minzoom: 15.5,
        layout: { "text-field": ["get", "label"], "text-size": 15 },
        paint: { "text-color": c.ink, "text-halo-color": c.halo, "text-halo-width": 1.5 },
      },
      { id: "outline", type: "line", source: "outline", paint: { "line-color": ALARM, "line-width": 4, "line-dasharray": [3, 1.5] } },
      {
        id: "stands", type: "circle", source: "stands",
        paint: {
          "circle-radius": 16, "circle-color": ["case", ["get", "done"], "#1f6b35", ALARM],
          "circle-stroke-width": 3, "circle-stroke-color": "#fff",
        },
      },
      {
        id: "numbers", type: "symbol", source: "stands",
        layout: { "text-field": ["get", "label"], "text-size": 18, "text-allow-overlap": true },
        paint: { "text-color": "#fff" },
      },
      { id: "near", type: "circle", source: "me", paint: { "circle-radius": 22, "circle-color": BLUE, "circle-opacity": 0.2 } },
      { id: "me", type: "circle", source: "me", paint: { "circle-radius": 9, "circle-color": BLUE, "circle-stroke-width": 3, "circle-stroke-color": "#fff" } },
      {
        id: "spot", type: "circle", source: "spot",
        paint: { "circle-radius": 12, "circle-color": ALARM, "circle-stroke-width": 4, "circle-stroke-color": "#fff" },
      },
    ],
  };
}
