import { answer, api } from "../../shared/api/client";
import { useThing } from "../../shared/pages";
import { Trouble } from "../../shared/ui/Trouble";
import { t } from "../../shared/words";

const mu = (value: number) => value.toLocaleString("zh-CN", { maximumFractionDigits: 2 });

/** What a unit has to keep, against what its parcels add up to (R03). */
export function Targets({ code }: { code: string }) {
  const found = useThing(`targets ${code}`, (signal) =>
    answer(api.GET("/api/v1/regions/{code}/targets", { params: { path: { code } }, signal })),
  );
  return (
    <section class="card">
      <h2>{t("grid.targets")} {found.value?.year}</h2>
      {found.error.value !== undefined && <Trouble error={found.error.value} />}
      {found.value?.items.map((item) => (
        <section key={item.kind} aria-label={item.title}>
          <h3>{item.title}</h3>
          <dl class="facts">
            <dt>{t("grid.target")}</dt><dd>{item.target ? `${mu(item.target.mu)}` : t("grid.notarget")}</dd>
            <dt>{t("grid.sum")}</dt><dd>{mu(item.mu)}</dd>
            {item.gap != null && (
              <>
                <dt>{t("grid.gap")}</dt>
                <dd><span class={`tag ${item.gap < 0 ? "warn" : "ok"}`}>{item.gap < 0 ? "▼" : "▲"} {mu(item.gap)}</span></dd>
              </>
            )}
            <dt>{t("grid.parcels")}</dt><dd>{mu(item.parcels)}</dd>
            {item.target && <><dt>{t("grid.document")}</dt><dd>{item.target.document}</dd></>}
          </dl>
        </section>
      ))}
    </section>
  );
}
