import type { Patch, Whole } from "../../shared/api/schema";
import { t } from "../../shared/words";
import { mu, percent } from "../patches/area";

type Outline = NonNullable<Whole["outline"]>;

interface Met {
  code?: string | null | undefined;
  class_name?: string | null | undefined;
  dlbm: string;
  permanent: boolean;
  area: number;
  share: number;
}

/** What a patch, or an outline that somebody drew, takes of which parcels. */
export function Overlaps({ parcels }: { parcels: readonly Met[] }) {
  if (parcels.length === 0) return <p class="empty">{t("patch.noparcels")}</p>;
  return (
    <table class="cards">
      <caption class="sr">{t("patch.parcels")}</caption>
      <thead>
        <tr>
          <th scope="col">{t("case.parcel")}</th><th scope="col">{t("patch.class")}</th><th scope="col" class="number">{t("patch.overlap")}</th>
          <th scope="col" class="number">{t("patch.share")}</th><th scope="col">{t("case.permanent")}</th>
        </tr>
      </thead>
      <tbody>
        {parcels.map((met, i) => (
          <tr key={i}>
            <td class="code" data-label={t("case.parcel")}>{met.code}</td>
            <td data-label={t("patch.class")}>{met.class_name ?? met.dlbm}</td>
            <td class="number" data-label={t("patch.overlap")}>{mu(met.area)}</td>
            <td class="number" data-label={t("patch.share")}>{percent(met.share)}</td>
            <td data-label={t("case.permanent")}>{t(met.permanent ? "grid.yes" : "grid.no")}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** What was seen from above: before and after, and how much of it is farmland. */
export function PatchFacts({ patch: p }: { patch: Patch }) {
  return (
    <dl class="facts">
      <dt>{t("patch.number")}</dt><dd><a href={`/console/patches/${p.id}`}>{p.number}</a> {p.period}</dd>
      <dt>{t("patch.before")}</dt><dd>{p.before_on} {p.suggestion.inputs.from}</dd>
      <dt>{t("patch.after")}</dt><dd>{p.after_on} {p.to_class_name ?? p.seen}</dd>
      <dt>{t("patch.area")}</dt><dd>{mu(p.area)}{p.stated_area != null && ` (${t("patch.stated")} ${mu(p.stated_area)})`}</dd>
      <dt>{t("patch.farmland")}</dt><dd>{mu(p.farmland)}</dd>
      <dt>{t("case.permanent")}</dt><dd>{mu(p.permanent)}</dd>
      {p.outside > 0 && <><dt>{t("patch.outside")}</dt><dd>{mu(p.outside)}</dd></>}
    </dl>
  );
}

/** What somebody drew, and what it takes. */
export function Drawn({ outline }: { outline: Outline }) {
  return (
    <dl class="facts">
      <dt>{t("outline.by")}</dt><dd>{outline.by}</dd>
      <dt>{t("patch.area")}</dt><dd>{mu(outline.area)}</dd>
      <dt>{t("patch.farmland")}</dt><dd>{mu(outline.farmland)}</dd>
      <dt>{t("case.permanent")}</dt><dd>{mu(outline.permanent)}</dd>
      {outline.outside > 0 && <><dt>{t("patch.outside")}</dt><dd>{mu(outline.outside)}</dd></>}
    </dl>
  );
}

/** The same for a case: as somebody drew it, else as its patch has it; folded up, for it is long. */
export function OnTheGround({ whole, patch }: { whole: Whole; patch: Patch | undefined }) {
  const outline = whole.outline;
  if (!outline && !patch) return null;
  const parcels = outline?.parcels ?? patch!.parcels.map((met) => ({ ...met, share: met.share_of_patch }));
  return (
    <>
      {patch && <><h3>{t("patch.title")}</h3><PatchFacts patch={patch} /></>}
      {outline && <><h3>{t("outline.title")}</h3><Drawn outline={outline} /></>}
      <details>
        <summary>{t("patch.parcels")}（{parcels.length}）</summary>
        <Overlaps parcels={parcels} />
      </details>
    </>
  );
}
