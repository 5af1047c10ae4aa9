import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { t } from "../../shared/words";
import type { Spot } from "../fields/geometry";
import { here } from "../position";
import { parcels } from "../state";
import type { Shown, View } from "./view";

interface Props extends Omit<Shown, "me"> {
  /** Where to look at first. */
  at: Spot;
  /** Called with the place that was tapped, and the code or number of the field there. */
  onTap?: (at: Spot, field?: string) => void;
}

/** The fields on this tablet as a map, with or without a network; the one map for every view that has one. */
export function FieldsMap(props: Props) {
  const box = useRef<HTMLDivElement>(null);
  const view = useRef<View>(null);
  const failed = useSignal(false);
  const now = useRef(props);
  now.current = props;
  const me = here();
  const { at, spot, outline, stands, chosen } = props;
  const shown = { me, spot, outline, stands, chosen };
  const latest = useRef(shown);
  latest.current = shown;

  useEffect(() => {
    let gone = false;
    import("./view")
      .then(({ open }) => {
        if (gone || !box.current) return;
        view.current = open(box.current, parcels.value, now.current.at, (place, field) => now.current.onTap?.(place, field));
        view.current.show(latest.current);
      })
      .catch(() => (failed.value = true));
    return () => {
      gone = true;
      view.current?.close();
      view.current = null;
    };
  }, [parcels.value]);
  useEffect(() => view.current?.show(latest.current), [me?.at, spot, outline, stands, chosen]);
  useEffect(() => view.current?.look(at), [at.lon, at.lat]);

  if (failed.value) return <p class="note">{t("map.none")}</p>;
  return <div ref={box} class="map" role="group" aria-label={t("map.label")} />;
}
