import { useEffect } from "preact/hooks";
import { go } from "../../shared/route";
import { t } from "../../shared/words";
import { FieldsMap } from "../map/FieldsMap";
import { follow } from "../position";
import { spaced } from "../scan/code";
import { parcels } from "../state";

/** One field, and what can be said about it. */
export function Field({ rest: [name = ""] }: { rest: string[] }) {
  useEffect(follow, []);
  const parcel = parcels.value.find((p) => p.code === name || String(p.id) === name);
  return (
    <>
      <h1>{t("fields.one")}</h1>
      <p class="code">{name.length === 20 ? spaced(name) : name}</p>
      {!parcel && <p class="note">{t("fields.unknown")}</p>}
      {parcel && (
        <dl class="facts">
          <dt>{t("fields.unit")}</dt><dd>{parcel.unitName}</dd>
          <dt>{t("fields.area")}</dt><dd>{t("fields.mu", { n: parcel.mu.toFixed(2) })}</dd>
          <dt>{t("fields.class")}</dt><dd>{parcel.className}</dd>
          <dt>{t("fields.permanent")}</dt><dd>{parcel.permanent ? t("fields.yes") : t("fields.no")}</dd>
        </dl>
      )}
      <a class="button huge seen" href={name.length === 20 ? `/tablet/sighting?parcel=${name}` : "/tablet/sighting"}>{t("patrol.sight")}</a>
      {parcel && <FieldsMap at={parcel.at} chosen={parcel.code ?? String(parcel.id)} onTap={(_, field) => field && go(`/tablet/field/${field}`)} />}
    </>
  );
}
