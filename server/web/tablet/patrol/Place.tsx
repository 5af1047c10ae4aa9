import { useSignal } from "@preact/signals";
import { t } from "../../shared/words";
import { ordered, under } from "../fields/fields";
import { FieldsMap } from "../map/FieldsMap";
import { here, noFix } from "../position";
import { spaced } from "../scan/code";
import { parcels } from "../state";
import type { Entry } from "./entry";

/** Fields that are offered by name, for who does not find himself on a map. */
const OFFERED = 30;

/** Where it is: by position, by a tap on the map, or by the field. */
export function Place({ entry }: { entry: Entry }) {
  const { fix, spot, parcel } = entry.draft.value;
  const isOpen = useSignal(spot !== undefined);
  const from = spot ?? fix;
  const at = from ?? parcels.value.find((known) => known.code === parcel)?.at ?? here() ?? parcels.value[0]?.at;
  const near = ordered(parcels.value, at).slice(0, OFFERED);

  function choose(code: string) {
    const chosen = parcels.value.find((known) => known.code === code);
    if (chosen) entry.change({ spot: chosen.at, parcel: code });
  }

  return (
    <section class="place">
      <p role="status">
        {spot ? t("sighting.tapped") : fix ? t("sighting.at", { n: Math.round(fix.accuracy) }) : noFix.value ? t("sighting.noplace") : t("sighting.locating")}
        {parcel && <><br />{t("sighting.parcel")} <span class="code">{spaced(parcel)}</span></>}
      </p>
      {!isOpen.value && at && <button type="button" class="big" onClick={() => (isOpen.value = true)}>{t("sighting.onmap")}</button>}
      {isOpen.value && at && (
        <>
          <p>{t("sighting.tap")}</p>
          <FieldsMap
            at={at}
            spot={spot}
            chosen={parcel}
            onTap={(tapped) => entry.change({ spot: tapped, parcel: under(parcels.value, tapped)?.code ?? undefined })}
          />
          <label for="near">{t("sighting.byfield")}</label>
          <select id="near" value={parcel ?? ""} onChange={(e) => choose(e.currentTarget.value)}>
            <option value="">{t("sighting.nofield")}</option>
            {near.map(({ code, unitName }) => code && <option key={code} value={code}>{`${spaced(code)} ${unitName}`}</option>)}
          </select>
          {spot && fix && <p><button type="button" class="big" onClick={() => entry.change({ spot: undefined })}>{t("sighting.bygps")}</button></p>}
        </>
      )}
    </section>
  );
}
