import { answer, api } from "../../shared/api/client";
import type { Task } from "../../shared/api/schema";
import type { Database } from "../store/db";
import { distance, middle, within, type Geometry, type Spot } from "./geometry";

/** A field on this tablet. */
export interface Parcel {
  id: number;
  code: string | null;
  unit: string;
  unitName: string;
  className: string | null;
  mu: number;
  permanent: boolean;
  at: Spot;
  outline: Geometry;
}

/** Features a page, and the most fields that one tablet carries. */
const PAGE = 2000;
export const MOST = 20_000;

/** Reads the fields of the caller's units anew. Those on the tablet stay until all the new ones are here. */
export async function downloadParcels(db: Database): Promise<number> {
  const found: Parcel[] = [];
  for (let after: string | undefined; ; ) {
    const query = { limit: PAGE, ...(after ? { after } : {}) };
    const page = await answer(api.GET("/ogc/collections/parcels/items", { params: { query } }));
    for (const feature of page.features) if (feature.geometry) found.push(parcelOf(feature));
    const next = page.links.find((link) => link.rel === "next")?.href;
    after = next ? (new URL(next, location.href).searchParams.get("after") ?? undefined) : undefined;
    if (!after || found.length >= MOST) break;
  }
  await db.write(["parcels"], (tx) => {
    const store = tx.objectStore("parcels");
    store.clear();
    for (const parcel of found.slice(0, MOST)) store.put(parcel);
  });
  return found.length;
}

function parcelOf({ id, geometry, properties }: { id: unknown; geometry?: unknown; properties: unknown }): Parcel {
  const p = properties as Record<string, never>;
  const outline = geometry as Geometry;
  return {
    id: Number(id), code: p["code"] ?? null, unit: p["unit"] ?? "", unitName: p["unit_name"] ?? "",
    className: p["class_name"] ?? null, mu: p["mu"] ?? 0, permanent: p["permanent"] ?? false, at: middle(outline), outline,
  };
}

/** Reads the tasks that changed since the last time. */
export async function downloadTasks(db: Database): Promise<void> {
  for (;;) {
    const cursor = await db.fact<string>("tasks.cursor");
    const changes = await answer(api.GET("/api/v1/tasks", { params: { query: { limit: 500, ...(cursor ? { cursor } : {}) } } }));
    await db.write(["tasks", "facts"], (tx) => {
      for (const task of changes.items) {
        if (task.state === "open") tx.objectStore("tasks").put(task);
        else tx.objectStore("tasks").delete(task.id);
      }
      tx.objectStore("facts").put(changes.next ?? changes.resume, "tasks.cursor");
    });
    if (!changes.next) return;
  }
}

/** Nearest first when a position is known, else by code. */
export function ordered(parcels: readonly Parcel[], from: Spot | undefined): Parcel[] {
  if (!from) return [...parcels].sort((a, b) => (a.code ?? "").localeCompare(b.code ?? ""));
  return parcels
    .map((parcel) => [within(parcel.outline, from) ? -1 : distance(from, parcel.at), parcel] as const)
    .sort(([a], [b]) => a - b)
    .map(([, parcel]) => parcel);
}

/** The field that somebody stands on. */
export function under(parcels: readonly Parcel[], spot: Spot | undefined): Parcel | undefined {
  return spot && parcels.find((parcel) => within(parcel.outline, spot));
}

export type { Task };
