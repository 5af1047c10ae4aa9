import { answer, api } from "../../shared/api/client";
import type { AboutPhoto, Patch, Whole } from "../../shared/api/schema";
import type { Shot } from "../../shared/map/shots";
import { useThing } from "../../shared/pages";

/** What lies on the ground of a case, and on the map. */
export interface Ground {
  /** The patch that opened it. */
  patch: Patch | undefined;
  /** What is known of its photos, in the order of their numbers. */
  photos: AboutPhoto[];
  /** GeoJSON: as somebody drew it, else as the patch has it. */
  outline: unknown;
  shots: Shot[];
}

/** The patch that a case was opened by, in what its source knew. */
export function patchIn(facts: unknown): string {
  const found = typeof facts === "object" && facts !== null && "patch" in facts ? facts.patch : undefined;
  return typeof found === "string" ? found : "";
}

/** The photos that have a place, each with the number that the list gives it. */
export function shotsOf(photos: readonly AboutPhoto[]): Shot[] {
  return photos.flatMap((photo, i) => {
    const { lon, lat, azimuth } = photo.facts[0]?.facts ?? {};
    if (lon == null || lat == null) return [];
    return [{ name: photo.sha256, number: i + 1, lon, lat, azimuth: azimuth ?? undefined, odd: photo.doubts.length > 0 }];
  });
}

export function useGround(whole: Whole | undefined): Ground {
  const id = whole?.id ?? "";
  const patch = patchIn(whole?.facts);
  const found = useThing(`ground patch ${patch}`, async (signal) =>
    patch ? answer(api.GET("/api/v1/patches/{id}", { params: { path: { id: patch } }, signal })) : undefined,
  );
  const photos = useThing(`ground photos ${id} ${whole?.photos.length ?? 0}`, async (signal) => {
    if (!whole?.photos.length) return [];
    return (await answer(api.GET("/api/v1/evidence", { params: { query: { case: id } }, signal }))).items;
  });
  const own = (photos.value ?? []).map((photo) => ({ ...photo, doubts: photo.doubts.filter((d) => !d.case || d.case === id) }));
  return {
    patch: found.value,
    photos: own,
    outline: whole?.outline?.geometry ?? found.value?.geometry,
    shots: shotsOf(own),
  };
}
