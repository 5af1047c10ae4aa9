import type { StyleSpecification } from "maplibre-gl";

/** Colours of the map; the land is its own paper, so that nothing is missing without a base map. */
const LIGHT = {
  paper: "#eef1e8", field: "#cfe3c4", keep: "#8fbf7f", edge: "#4e7d4b", unit: "#5c6b60", ink: "#1d2a1f", halo: "#ffffff",
};
const DARK: typeof LIGHT = {
  paper: "#161c17", field: "#27402b", keep: "#3c6b41", edge: "#86b98a", unit: "#a9b6ab", ink: "#e9efe6", halo: "#121713",
};

export const colours = (dark: boolean) => (dark ? DARK : LIGHT);

/** The map of an origin, light or dark. */
export function style(dark: boolean, origin: string): StyleSpecification {
  const c = colours(dark);
  const source = (layer: string, minzoom: number, maxzoom: number) =>
    ({ type: "vector" as const, tiles: [`${origin}/tiles/${layer}/{z}/{x}/{y}`], minzoom, maxzoom });
  const layer = (id: string) => ({ source: id, "source-layer": id }) as const;
  return {
    version: 8,
    sources: {
      grid: source("grid", 4, 14),
      parcels: { ...source("parcels", 8, 16), attribution: "耕卫 · CGCS2000" },
      cases: source("cases", 4, 16),
      outline: { type: "geojson", data: { type: "FeatureCollection", features: [] } },
    },
    layers: [
      { id: "paper", type: "background", paint: { "background-color": c.paper } },
      {
        // Below zoom 12 the layer holds squares with the share of them that parcels take.
        id: "overview", type: "fill", ...layer("parcels"), maxzoom: 12, filter: ["has", "share"],
        paint: { "fill-color": c.keep, "fill-opacity": ["get", "share"], "fill-antialias": false },
      },
      {
        id: "parcels", type: "fill", ...layer("parcels"), minzoom: 12, filter: ["!", ["has", "share"]],
        paint: { "fill-color": ["case", ["boolean", ["get", "permanent"], false], c.keep, c.field] },
      },
      {
        id: "edges", type: "line", ...layer("parcels"), minzoom: 13, filter: ["!", ["has", "share"]],
        paint: { "line-color": c.edge, "line-width": ["interpolate", ["linear"], ["zoom"], 13, 0.4, 17, 1.4] },
      },
      {
        id: "chosen", type: "line", ...layer("parcels"), minzoom: 12, filter: ["==", ["get", "code"], ""],
        paint: { "line-color": "#c2410c", "line-width": 4 },
      },
      {
        id: "units", type: "line", ...layer("grid"),
        paint: { "line-color": c.unit, "line-width": 1.2, "line-dasharray": [4, 2] },
      },
      {
        id: "names", type: "symbol", ...layer("grid"), maxzoom: 15,
        layout: { "text-field": ["get", "name"], "text-size": 14 },
        paint: { "text-color": c.ink, "text-halo-color": c.halo, "text-halo-width": 1.5 },
      },
      { id: "outline", type: "line", source: "outline", paint: { "line-color": "#c2410c", "line-width": 3, "line-dasharray": [3, 1.5] } },
      {
        id: "cases", type: "circle", ...layer("cases"),
        paint: {
          "circle-color": ["match", ["get", "state"], "opened", "#c2410c", "closed", "#6b7280", "#b98900"],
          "circle-radius": ["case", ["==", ["get", "severity"], "grave"], 9, 7],
          "circle-stroke-color": c.halo,
          "circle-stroke-width": 2,
        },
      },
    ],
  };
}
