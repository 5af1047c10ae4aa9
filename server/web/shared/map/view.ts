import {
  AttributionControl, Map as GlMap, Marker, NavigationControl, ScaleControl, setWorkerUrl,
  type GeoJSONSource, type StyleSpecification, type VectorTileSource,
} from "maplibre-gl";
import "maplibre-gl/dist/maplibre-gl.css";
import workerUrl from "maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url";
import type { Geometry } from "geojson";
import { Shots, type Shot } from "./shots";
import { style } from "./style";

setWorkerUrl(workerUrl);

/** Somewhere to look at, in degrees WGS 84; with the code of its parcel, if it has one. */
export interface Place {
  lon: number;
  lat: number;
  zoom?: number;
  code?: string | null | undefined;
}

/** An open map. */
export interface View {
  /** For tools that draw on it. */
  readonly map: GlMap;
  look(place: Place): void;
  /** Draws a GeoJSON geometry over everything; nothing takes the last one away. */
  draw(outline: unknown): void;
  /** Shows photos and where their cameras looked, instead of those before. */
  shots(shots: readonly Shot[], label: (shot: Shot) => string): void;
  /** Reads the cases again, after one has changed. */
  refresh(): void;
  close(): void;
}

interface Handlers {
  onCase: (id: string) => void;
  onParcel: (code: string) => void;
  onShot: (name: string) => void;
}

/** The centre of the city, until something better is known. */
const CITY: Place = { lon: 105.19, lat: 37.51, zoom: 9 };
const CLOSE = 15.5;

/** Other colours; what tools have added to the map meanwhile stays on it. */
function keepAdded(before: StyleSpecification | undefined, next: StyleSpecification): StyleSpecification {
  const own = new Set(next.layers.map((layer) => layer.id));
  const added = before?.layers.filter((layer) => !own.has(layer.id)) ?? [];
  return { ...next, sources: { ...next.sources, ...before?.sources }, layers: [...next.layers, ...added] };
}

/** Opens a map in a box of the page. */
export function open(box: HTMLElement, first: Place | undefined, handlers: Handlers, token?: string): View {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  const start = first ?? CITY;
  const map = new GlMap({
    container: box,
    style: style(dark.matches, location.origin),
    center: [start.lon, start.lat],
    zoom: start.zoom ?? CLOSE,
    minZoom: 5,
    maxZoom: 20,
    attributionControl: false,
    fadeDuration: 0,
    ...(token ? { transformRequest: (url: string) => ({ url, headers: { authorization: `Bearer ${token}` } }) } : {}),
    localIdeographFontFamily: '"Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei", sans-serif',
  });
  map.addControl(new NavigationControl({ showCompass: false }), "top-right");
  map.addControl(new ScaleControl());
  map.addControl(new AttributionControl({ compact: true }));
  const repaint = () => {
    map.setStyle(style(dark.matches, location.origin), { transformStyle: keepAdded });
    once(apply);
  };
  dark.addEventListener("change", repaint);
  const clicked = (layer: string, property: string, then: (value: string) => void) =>
    map.on("click", layer, (event) => {
      const value: unknown = event.features?.[0]?.properties[property];
      if (typeof value === "string") then(value);
    });
  clicked("cases", "id", handlers.onCase);
  clicked("parcels", "code", handlers.onParcel);
  // For whoever tries the page from outside: when the map has been drawn.
  map.on("idle", () => (box.dataset["drawn"] = "yes"));
  const marker = new Marker({ color: "#c2410c" });
  const photos = new Shots(map);
  let [outline, code] = [undefined as unknown, ""];
  const apply = () => {
    const features = outline ? [{ type: "Feature" as const, properties: {}, geometry: outline as Geometry }] : [];
    void map.getSource<GeoJSONSource>("outline")?.setData({ type: "FeatureCollection", features });
    if (map.getLayer("chosen")) map.setFilter("chosen", ["==", ["get", "code"], code]);
  };
  // Tiles may still be on their way: what is drawn over them needs the style alone.
  let styled = false;
  const once = (then: () => void) => (styled ? then() : void map.once("style.load", then));
  // Also when the style had to be read anew: it knows nothing of what was drawn.
  map.on("style.load", () => {
    styled = true;
    apply();
  });
  return {
    map,
    look(place) {
      marker.setLngLat([place.lon, place.lat]).addTo(map);
      const zoom = Math.max(map.getZoom(), place.zoom ?? CLOSE);
      map.easeTo({ center: [place.lon, place.lat], zoom, duration: still.matches ? 0 : 250 });
      code = place.code ?? "";
      once(apply);
    },
    draw(shape) {
      outline = shape;
      once(apply);
    },
    shots(shots, label) {
      photos.show(shots, label, handlers.onShot);
    },
    refresh() {
      const address = `${location.origin}/tiles/cases/{z}/{x}/{y}`;
      once(() => void map.getSource<VectorTileSource>("cases")?.setTiles([address]));
    },
    close() {
      dark.removeEventListener("change", repaint);
      map.remove();
    },
  };
}
