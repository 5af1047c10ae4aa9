import { answer, api } from "../api/client";
import { me } from "../api/session";
import type { Region } from "../api/schema";
import { useThing } from "../pages";
import { ask, query } from "../route";
import { t } from "../words";

/** The units that a list can be narrowed to: mine, or the one chosen, its parent and what lies below it. */
async function around(chosen: string | undefined, abort: AbortSignal): Promise<Region[]> {
  const mine = me.value?.scopes ?? [];
  const unit = (code: string) =>
    answer(api.GET("/api/v1/regions/{code}", { params: { path: { code } }, signal: abort }));
  const below = (code: string) =>
    answer(api.GET("/api/v1/regions/{code}/children", { params: { path: { code } }, signal: abort }));
  if (!chosen) {
    const units = await Promise.all(mine.map(unit));
    const only = units.length === 1 ? units[0] : undefined;
    return only && only.level < 6 ? [only, ...(await below(only.code)).items] : units;
  }
  const here = await unit(chosen);
  const up = here.parent && !mine.includes(here.code) ? [await unit(here.parent)] : [];
  return [...up, here, ...(here.level < 6 ? (await below(here.code)).items : [])];
}

/** Narrows a list to a unit, step by step downwards. */
export function RegionChoice() {
  const chosen = query.value.region;
  const units = useThing(`region ${chosen ?? ""} ${me.value?.account}`, (abort) => around(chosen, abort));
  return (
    <div class="grow">
      <label for="by-region">{t("list.region")}</label>
      <select id="by-region" value={chosen ?? ""} onChange={(e) => ask({ region: e.currentTarget.value })}>
        <option value="">{t("list.mine")}</option>
        {(units.value ?? []).map((u) => <option key={u.code} value={u.code}>{u.level < 6 ? u.name : u.full_name}</option>)}
      </select>
    </div>
  );
}
