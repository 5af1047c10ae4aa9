import { answer, api } from "../../shared/api/client";
import type { Patch } from "../../shared/api/schema";
import { FieldMap } from "../../shared/map/FieldMap";
import { useThing } from "../../shared/pages";
import { Trouble } from "../../shared/ui/Trouble";
import { t } from "../../shared/words";
import { Suggested } from "../case/Suggested";
import { Overlaps, PatchFacts } from "../ground/Overlaps";
import { mu, percent } from "./area";

/** A patch: before and after, what it overlaps and by how much, what is suggested and why. */
export function PatchPage({ id }: { id: string }) {
  const patch = useThing(`patch ${id}`, (signal) =>
    answer(api.GET("/api/v1/patches/{id}", { params: { path: { id } }, signal })),
  );
  const p = patch.value;
  return (
    <main id="main" class="page">
      <h1>{t("patch.title")} {p?.number}</h1>
      {patch.error.value !== undefined && <Trouble error={patch.error.value} retry={() => void patch.reload()} />}
      {p && (
        <div class="columns">
          <section class="card">
            <p>{p.unit_name}</p>
            <PatchFacts patch={p} />
            <Suggested suggestion={p.suggestion} title={p.verdict_title} />
            <p><a class="button main" href={`/console/cases/${p.case.id}`}>{t("reports.case")}</a></p>
          </section>
          <FieldMap at={{ lon: p.lon, lat: p.lat }} outline={p.geometry} />
          <Touched patch={p} />
        </div>
      )}
    </main>
  );
}

function Touched({ patch }: { patch: Patch }) {
  return (
    <section class="card">
      <h2>{t("patch.parcels")}</h2>
      <Overlaps parcels={patch.parcels.map((met) => ({ ...met, share: met.share_of_patch }))} />
      {patch.layers.length > 0 && (
        <>
          <h3>{t("patch.layers")}</h3>
          <ul>{patch.layers.map((l, i) => <li key={i}>{l.title} {l.number} {l.purpose}：{mu(l.area)} ({percent(l.share)})</li>)}</ul>
        </>
      )}
    </section>
  );
}
