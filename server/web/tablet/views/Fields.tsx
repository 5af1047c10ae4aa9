import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { go } from "../../shared/route";
import { FieldMap } from "../../shared/map/FieldMap";
import { t } from "../../shared/words";
import { FieldRow } from "../fields/FieldRow";
import { ordered } from "../fields/fields";
import { follow, here } from "../position";
import { enrolment, parcels } from "../state";

/** Rows at first, and more with each tap. */
const STEP = 50;

/** My fields: a list always, nearest first; a map while there is a network. */
export function Fields() {
  const shown = useSignal(STEP);
  const search = useSignal("");
  useEffect(follow, []);
  const from = here();
  const wanted = search.value.replace(/\s/g, "").toUpperCase();
  const found = ordered(parcels.value, from).filter((p) => !wanted || p.code?.includes(wanted) || p.unitName.includes(wanted));
  const middle = from ?? found[0]?.at;
  return (
    <>
      <h1>{t("fields.title")}</h1>
      {navigator.onLine && middle && (
        <FieldMap at={from} around={{ ...middle, zoom: 14 }} token={enrolment.value?.token} onParcel={(code) => go(`/tablet/field/${code}`)} />
      )}
      <label for="search">{t("list.search")}</label>
      <input id="search" type="search" value={search.value} onInput={(e) => (search.value = e.currentTarget.value)} />
      {found.length === 0 && <p class="empty">{t("fields.none")}</p>}
      <ul class="lines">{found.slice(0, shown.value).map((p) => <FieldRow key={p.id} parcel={p} from={from} />)}</ul>
      {found.length > shown.value && <button class="big" onClick={() => (shown.value += STEP)}>{t("list.more")}</button>}
    </>
  );
}
