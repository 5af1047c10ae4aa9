import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { Whole } from "../../shared/api/schema";
import { FieldMap } from "../../shared/map/FieldMap";
import type { Place, View } from "../../shared/map/view";
import { t } from "../../shared/words";
import { decisions } from "../office";
import { facing } from "./compass";
import { Draw, drawing } from "./Draw";
import type { Ground } from "./ground";

interface Props {
  whole: Whole | undefined;
  ground: Ground;
  at: Place | undefined;
  fresh: unknown;
  onCase: (id: string) => void;
  /** Called when the outline has changed, and the case with it. */
  changed: () => void;
}

/** The map of a case: its outline, its photos with the direction in which they look, and the tool to draw with. */
export function GroundMap({ whole, ground, at, fresh, onCase, changed }: Props) {
  const view = useSignal<View | undefined>(undefined);
  useEffect(() => {
    drawing.value = false;
    return () => void (drawing.value = false);
  }, [whole?.id]);
  const decision = whole && decisions.of(whole.id)?.state;
  const free = decision !== "waiting" && decision !== "leaving";
  const mayDraw = free && whole?.may.some((may) => may.action === "outline");
  const drawn = drawing.value ? undefined : ground.outline;
  return (
    <div class="ground">
      <FieldMap
        at={at} fresh={fresh} outline={drawn} shots={ground.shots}
        shotLabel={(shot) => `${t("case.photo", { n: shot.number })}${shot.azimuth === undefined ? "" : ` ${facing(shot.azimuth)}`}`}
        onCase={drawing.value ? undefined : onCase}
        onShot={(name) => document.getElementById(`photo-${name}`)?.scrollIntoView({ block: "center" })}
        onOpen={(opened) => (view.value = opened)}
      />
      {whole && mayDraw && view.value && <Draw key={whole.id} whole={whole} shape={ground.outline} map={view.value.map} done={changed} />}
    </div>
  );
}
