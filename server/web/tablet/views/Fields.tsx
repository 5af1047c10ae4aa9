import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { go } from "../../shared/route";
import { t } from "../../shared/words";
import { FieldRow } from "../fields/FieldRow";
import { ordered } from "../fields/fields";
import type { Spot } from "../fields/geometry";
import { FieldsMap } from "../map/FieldsMap";
import { follow, here } from "../position";
import { parcels } from "../state";

/** Rows at first, and more with each tap. */
const STEP = 50;

/** My fields, with or without a network: a map, and a list, nearest first. */
export function Fields() {
  const shown = useSignal(STEP);
  const search = useSignal("");
  useEffect(follow, []);
  const from = here();
  const wanted = search.value.replace(/\s/g, "").toUpperCase();
  const found = ordered(parcels.value, from).filter((p) => !wanted || p.code?.includes(wanted) || p.unitName.includes(wanted));
  // The map begins where one is, and then stays where it was moved to.
  const begin = useRef<Spot>(undefined);
  begin.current ??= from ?? found[0]?.at;
  return (
    <>
      <h1>{t("fields.title")}</h1>
      {begin.current && <FieldsMap at={begin.current} onTap={(_, field) => field && go(`/tablet/field/${field}`)} />}
      <label for="search">{t("list.search")}</label>
      <input id="search" type="search" value={search.value} onInput={(e) => (search.value = e.currentTarget.value)} />
      {found.length === 0 && <p class="empty">{t("fields.none")}</p>}
      <ul class="lines">{found.slice(0, shown.value).map((p) => <FieldRow key={p.id} parcel={p} from={from} />)}</ul>
      {found.length > shown.value && <button class="big" onClick={() => (shown.value += STEP)}>{t("list.more")}</button>}
    </>
  );
}
