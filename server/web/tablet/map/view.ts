import { Map as GlMap, NavigationControl, ScaleControl, setWorkerUrl, type GeoJSONSource } from "maplibre-gl";
import "maplibre-gl/dist/maplibre-gl.css";
import workerUrl from "maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url";
import type { Feature, Geometry } from "geojson";
import type { Parcel } from "../fields/fields";
import type { Spot } from "../fields/geometry";
import { serial } from "../scan/code";
import { style, type Source } from "./style";

setWorkerUrl(workerUrl);

/** A place to stand at, with its number; `done` when a photo was taken there. */
export interface Stand extends Spot {
  number: number;
  done: boolean;
}

/** What is on the map besides the fields; what is undefined is not there. */
export interface Shown {
  me?: Spot | undefined;
  spot?: Spot | undefined;
  /** A GeoJSON geometry. */
  outline?: unknown;
  stands?: readonly Stand[] | undefined;
  /** The code or number of a field to point out. */
  chosen?: string | undefined;
}

export interface View {
  show(shown: Shown): void;
  look(at: Spot): void;
  close(): void;
}

/** Metres of a tap are not asked for: a thumb is as wide as a field at lower zooms. */
const CLOSE = 16;

const point = (at: Spot, properties: Record<string, unknown> = {}): Feature =>
  ({ type: "Feature", properties, geometry: { type: "Point", coordinates: [at.lon, at.lat] } });

function fieldsOf(parcels: readonly Parcel[]): Feature[] {
  return parcels.map(({ id, code, permanent, outline }) => {
    return { type: "Feature", properties: { name: code ?? String(id), label: serial(code), permanent }, geometry: outline as Geometry };
  });
}

/** Opens a map of these fields in a box of the page; throws where the device cannot draw one. */
export function open(box: HTMLElement, parcels: readonly Parcel[], first: Spot, tapped: (at: Spot, field?: string) => void): View {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const map = new GlMap({
    container: box,
    style: style(dark.matches),
    center: [first.lon, first.lat],
    zoom: CLOSE,
    minZoom: 9,
    maxZoom: 20,
    attributionControl: false,
    fadeDuration: 0,
    dragRotate: false,
    pitchWithRotate: false,
    localIdeographFontFamily: '"Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei", sans-serif',
  });
  map.touchZoomRotate.disableRotation();
  map.addControl(new NavigationControl({ showCompass: false }), "top-right");
  map.addControl(new ScaleControl());
  let shown: Shown = {};
  let ready = false;
  const put = (source: Source, features: Feature[]) =>
    void map.getSource<GeoJSONSource>(source)?.setData({ type: "FeatureCollection", features });
  const draw = () => {
    if (!ready) return;
    const { me, spot, outline, stands, chosen } = shown;
    put("me", me ? [point(me)] : []);
    put("spot", spot ? [point(spot)] : []);
    put("outline", outline ? [{ type: "Feature", properties: {}, geometry: outline as Geometry }] : []);
    put("stands", (stands ?? []).map((stand) => point(stand, { label: String(stand.number), done: stand.done })));
    map.setFilter("chosen", ["==", ["get", "name"], chosen ?? ""]);
  };
  const begin = () => {
    ready = true;
    put("fields", fieldsOf(parcels));
    draw();
  };
  map.on("style.load", begin);
  const repaint = () => {
    ready = false;
    map.setStyle(style(dark.matches), { diff: false });
  };
  dark.addEventListener("change", repaint);
  map.on("click", (event) => {
    const [field] = map.queryRenderedFeatures(event.point, { layers: ["fields"] });
    tapped({ lon: event.lngLat.lng, lat: event.lngLat.lat }, field?.properties["name"] as string | undefined);
  });
  // For whoever tries the page from outside: when the map has been drawn.
  map.on("idle", () => (box.dataset["drawn"] = "yes"));
  return {
    show(now) {
      shown = now;
      draw();
    },
    look({ lon, lat }) {
      map.jumpTo({ center: [lon, lat], zoom: Math.max(map.getZoom(), CLOSE) });
    },
    close() {
      dark.removeEventListener("change", repaint);
      map.remove();
    },
  };
}
