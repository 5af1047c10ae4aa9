import { answer, api } from "../../shared/api/client";
import type { CaseListed } from "../../shared/api/schema";
import { centre } from "../../shared/map/centre";
import type { Place } from "../../shared/map/view";
import { useThing } from "../../shared/pages";

/** Where a case is: the spot that it was seen at, else the middle of its parcel. */
export function usePlace(row: CaseListed | undefined): Place | undefined {
  const spot = row?.lon != null && row.lat != null ? { lon: row.lon, lat: row.lat } : undefined;
  const code = row?.parcel ?? "";
  const parcel = useThing(`parcel ${spot ? "" : code}`, async (signal) => {
    if (spot || !code) return undefined;
    const { geometry } = await answer(api.GET("/api/v1/parcels/{code}", { params: { path: { code } }, signal }));
    const middle = centre(geometry);
    return middle && { ...middle, code };
  });
  if (spot) return { ...spot, code };
  return parcel.value?.code === code ? parcel.value : undefined;
}
