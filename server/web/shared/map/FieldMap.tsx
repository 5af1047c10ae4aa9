import { useEffect, useRef } from "preact/hooks";
import { t } from "../words";
import type { Shot } from "./shots";
import type { Place, View } from "./view";

interface Props {
  /** What the map looks at; it moves there when this changes. */
  at: Place | undefined;
  /** Where to look while there is nothing to look at. */
  around?: Place | undefined;
  /** Changes whenever cases have changed, so that they are read again. */
  fresh?: unknown;
  /** A shape to draw, GeoJSON. */
  outline?: unknown;
  /** Photos to show, and how each is called. */
  shots?: readonly Shot[];
  shotLabel?: (shot: Shot) => string;
  /** Called with the id of a case that was clicked. */
  onCase?: ((id: string) => void) | undefined;
  /** Called with the code of a parcel that was clicked. */
  onParcel?: (code: string) => void;
  /** Called with the name of a photo that was clicked. */
  onShot?: (name: string) => void;
  /** Called with the map once it is there, and with nothing when it goes. */
  onOpen?: (view: View | undefined) => void;
  /** Whose tiles, where no cookie says it. */
  token?: string | undefined;
}

const NONE: readonly Shot[] = [];

/** Parcels, units and cases of the caller's scope; MapLibre is fetched only where a map is shown. */
export function FieldMap(props: Props) {
  const box = useRef<HTMLDivElement>(null);
  const view = useRef<View>(null);
  const now = useRef(props);
  now.current = props;
  const { at, fresh, outline, shots = NONE } = props;
  const showShots = () => view.current?.shots(now.current.shots ?? NONE, now.current.shotLabel ?? ((shot) => String(shot.number)));

  useEffect(() => {
    let gone = false;
    const handlers = {
      onCase: (id: string) => now.current.onCase?.(id),
      onParcel: (code: string) => now.current.onParcel?.(code),
      onShot: (name: string) => now.current.onShot?.(name),
    };
    void import("./view").then(({ open }) => {
      if (gone || !box.current) return;
      view.current = open(box.current, now.current.at ?? now.current.around, handlers, now.current.token);
      if (now.current.at) view.current.look(now.current.at);
      view.current.draw(now.current.outline);
      showShots();
      now.current.onOpen?.(view.current);
    });
    return () => {
      gone = true;
      now.current.onOpen?.(undefined);
      view.current?.close();
      view.current = null;
    };
  }, []);
  useEffect(() => {
    if (at) view.current?.look(at);
  }, [at?.lon, at?.lat, at?.code]);
  useEffect(() => view.current?.refresh(), [fresh]);
  useEffect(() => view.current?.draw(outline), [outline]);
  useEffect(showShots, [JSON.stringify(shots)]);

  return <div ref={box} class="map" role="group" aria-label={t("map.label")} />;
}
