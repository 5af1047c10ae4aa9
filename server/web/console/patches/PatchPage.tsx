import { answer, api } from "../../shared/api/client";
import type { Patch } from "../../shared/api/schema";
import { FieldMap } from "../../shared/map/FieldMap";
import { useThing } from "../../shared/pages";
import { Trouble } from "../../shared/ui/Trouble";
import { t } from "../../shared/words";
import { Suggested } from "../case/Suggested";
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
            <Facts patch={p} />
            <Suggested suggestion={p.suggestion} title={p.verdict_title} />
            <p><a class="button main" href={`/console/cases/${p.case.id}`}>{t("reports.case")}</a></p>
          </section>
          <FieldMap at={{ lon: p.lon, lat: p.lat }} outline={p.geometry} />
          <Overlaps patch={p} />
        </div>
      )}
    </main>
  );
}

function Facts({ patch: p }: { patch: Patch }) {
  return (
    <dl class="facts">
      <dt>{t("case.where")}</dt><dd>{p.unit_name}</dd>
      <dt>{t("patch.period")}</dt><dd>{p.period}</dd>
      <dt>{t("patch.before")}</dt><dd>{p.before_on} {p.suggestion.inputs.from}</dd>
      <dt>{t("patch.after")}</dt><dd>{p.after_on} {p.to_class_name ?? p.seen}</dd>
      <dt>{t("patch.area")}</dt><dd>{mu(p.area)}{p.stated_area != null && ` (${t("patch.stated")} ${mu(p.stated_area)})`}</dd>
      <dt>{t("patch.farmland")}</dt><dd>{mu(p.farmland)}</dd>
      <dt>{t("case.permanent")}</dt><dd>{mu(p.permanent)}</dd>
      {p.outside > 0 && <><dt>{t("patch.outside")}</dt><dd>{mu(p.outside)}</dd></>}
    </dl>
  );
}

function Overlaps({ patch }: { patch: Patch }) {
  return (
    <section class="card">
      <h2>{t("patch.parcels")}</h2>
      {patch.parcels.length === 0 && <p class="empty">{t("patch.noparcels")}</p>}
      {patch.parcels.length > 0 && (
        <table class="cards">
          <caption class="sr">{t("patch.parcels")}</caption>
          <thead>
            <tr>
              <th scope="col">{t("case.parcel")}</th><th scope="col">{t("patch.class")}</th><th scope="col" class="number">{t("patch.overlap")}</th>
              <th scope="col" class="number">{t("patch.share")}</th><th scope="col">{t("case.permanent")}</th>
            </tr>
          </thead>
          <tbody>
            {patch.parcels.map((o) => (
              <tr key={o.parcel}>
                <td class="code" data-label={t("case.parcel")}>{o.code}</td>
                <td data-label={t("patch.class")}>{o.class_name ?? o.dlbm}</td>
                <td class="number" data-label={t("patch.overlap")}>{mu(o.area)}</td>
                <td class="number" data-label={t("patch.share")}>{percent(o.share_of_patch)}</td>
                <td data-label={t("case.permanent")}>{t(o.permanent ? "grid.yes" : "grid.no")}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {patch.layers.length > 0 && (
        <>
          <h3>{t("patch.layers")}</h3>
          <ul>{patch.layers.map((l, i) => <li key={i}>{l.title} {l.number} {l.purpose}：{mu(l.area)} ({percent(l.share)})</li>)}</ul>
        </>
      )}
    </section>
  );
}
