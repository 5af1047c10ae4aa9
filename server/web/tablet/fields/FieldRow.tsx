import { computed } from "@preact/signals";
import { t } from "../../shared/words";
import { serial, spaced } from "../scan/code";
import { parcels } from "../state";
import type { Parcel } from "./fields";
import { distance, within, type Spot } from "./geometry";

/** Who has fields of one unit knows whose they are. */
const isMixed = computed(() => parcels.value.some((parcel) => parcel.unit !== parcels.value[0]?.unit));

/** A field in a list, with how far it is. */
export function FieldRow({ parcel, from }: { parcel: Parcel; from: Spot | undefined }) {
  const name = parcel.code ? spaced(parcel.code) : String(parcel.id);
  return (
    <li>
      <a class="field" href={`/tablet/field/${parcel.code ?? parcel.id}`}>
        <span class="code">{name}</span>
        <span>{serial(parcel.code) && <strong>{t("fields.serial", { n: serial(parcel.code) })} · </strong>}{isMixed.value && `${parcel.unitName} · `}{t("fields.mu", { n: parcel.mu.toFixed(2) })}{parcel.permanent && ` · ${t("fields.permanent")}`}</span>
        {from && <span class="small">{away(parcel, from)}</span>}
      </a>
    </li>
  );
}

function away(parcel: Parcel, from: Spot): string {
  if (within(parcel.outline, from)) return t("fields.here");
  return far(distance(from, parcel.at));
}

/** A distance in words. */
export function far(metres: number): string {
  return metres < 1000 ? t("fields.metres", { n: Math.round(metres / 10) * 10 }) : t("fields.kilometres", { n: (metres / 1000).toFixed(1) });
}
