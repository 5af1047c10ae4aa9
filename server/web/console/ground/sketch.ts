import type { Polygon } from "geojson";
import type { Map as GlMap } from "maplibre-gl";
import { TerraDraw, TerraDrawPolygonMode, TerraDrawSelectMode, ValidateNotSelfIntersecting } from "terra-draw";
import { TerraDrawMapLibreGLAdapter } from "terra-draw-maplibre-gl-adapter";
import { polygonsOf } from "./shapes";

/** What is being drawn on a map. */
export interface Sketch {
  /** Begins another polygon. */
  add(): void;
  /** Lets corners be moved, added and taken away. */
  edit(): void;
  clear(): void;
  /** What there is now, finished polygons only. */
  polygons(): Polygon[];
  stop(): void;
}

const INK = "#c2410c";

function tool(map: GlMap): TerraDraw {
  const colours = { fillColor: INK, fillOpacity: 0.25, outlineColor: INK, outlineWidth: 3, closingPointColor: INK } as const;
  const corners = { midpoints: true, draggable: true, deletable: true };
  return new TerraDraw({
    adapter: new TerraDrawMapLibreGLAdapter({ map }),
    modes: [
      new TerraDrawPolygonMode({
        styles: colours,
        // Escape and Enter end a polygon; lines that cross never become one.
        validation: (feature, { updateType }) =>
          updateType === "finish" || updateType === "commit" ? ValidateNotSelfIntersecting(feature) : { valid: true },
      }),
      new TerraDrawSelectMode({
        styles: { selectedPolygonColor: INK, selectedPolygonOutlineColor: INK, selectionPointColor: INK, midPointColor: INK },
        flags: { polygon: { feature: { draggable: true, selfIntersectable: false, coordinates: corners } } },
      }),
    ],
  });
}

/** Lets somebody draw polygons, beginning with a shape; `changed` is called with how many are finished. */
export function sketch(map: GlMap, shape: unknown, changed: (count: number) => void): Sketch {
  const draw = tool(map);
  draw.start();
  const features = () => draw.getSnapshot().filter((f) => f.geometry.type === "Polygon" && f.properties["mode"] === "polygon");
  // A polygon under construction is not yet one.
  const finished = () => features().filter((f) => !f.properties["currentlyDrawing"]);
  const polygons = () => finished().map((feature) => feature.geometry as Polygon);
  const tell = () => changed(finished().length);
  const add = () => draw.setMode("polygon");
  const edit = () => {
    draw.setMode("select");
    const first = finished()[0]?.id;
    if (first !== undefined) draw.selectFeature(first);
  };
  const begun = polygonsOf(shape);
  if (begun.length > 0) {
    draw.addFeatures(begun.map((geometry) => ({ type: "Feature", geometry, properties: { mode: "polygon" } })));
    edit();
  } else add();
  draw.on("finish", () => {
    edit();
    tell();
  });
  tell();
  return {
    add,
    edit,
    clear() {
      draw.clear();
      add();
      tell();
    },
    polygons,
    stop: () => draw.stop(),
  };
}
