import type { SightingKind } from "../../../../edge-agent/hosts/tablet/js/agent.js";
import { t, type Word } from "../../shared/words";

/** What can be seen, with a picture for who does not read fast: strokes in a box of 48 by 48. */
export const KINDS: readonly (readonly [kind: SightingKind, picture: string])[] = [
  ["illegal_house", "M6 24 24 8l18 16M11 22v18h26V22M20 40V29h8v11"],
  ["non_agricultural", "M8 40h32M12 40V18l10 6v-6l10 6v-6l6 4v18M16 32h4M26 32h4"],
  ["non_grain", "M24 42V22M24 22c-10 0-14-5-14-13 10 0 14 5 14 13zm0 0c10 0 14-5 14-13-10 0-14 5-14 13zM14 42h20"],
  ["abandoned", "M6 40h36M12 40c0-8-2-12-5-15M12 40c0-10 2-16 6-20M24 40c0-8-2-14-5-18M24 40c0-10 3-18 8-22M36 40c0-8 2-12 5-15"],
  ["oversized_facility", "M6 38V26c0-8 8-14 18-14s18 6 18 14v12zM6 28h36M18 38V14M30 38V14"],
  ["damaged_facility", "M8 34h12l4-8 4 14 4-6h8M12 34V16h24v18M20 16v-6h8v6"],
  ["damaged_sign", "M10 8h28v18H10zM24 26v16M16 42h16M16 12l8 6-4 4 10 4"],
  ["other", "M24 44a20 20 0 1 1 0-40 20 20 0 0 1 0 40zM18 18a6 6 0 1 1 8 6c-2 1-2 2-2 5M24 34v1"],
];

export function kindTitle(kind: SightingKind): string {
  return t(`sighting.${kind}` as Word);
}

/** Large buttons, one of which is chosen. */
export function KindChoice({ value, choose }: { value: SightingKind | undefined; choose: (kind: SightingKind) => void }) {
  return (
    <fieldset class="kinds">
      <legend>{t("sighting.kind")}</legend>
      {KINDS.map(([kind, picture]) => (
        <label key={kind} class={value === kind ? "kind chosen" : "kind"}>
          <input class="sr" type="radio" name="kind" value={kind} checked={value === kind} onChange={() => choose(kind)} />
          <svg viewBox="0 0 48 48" aria-hidden="true"><path d={picture} /></svg>
          {kindTitle(kind)}
        </label>
      ))}
    </fieldset>
  );
}
