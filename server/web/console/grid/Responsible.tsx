import { answer, api } from "../../shared/api/client";
import { useThing } from "../../shared/pages";
import { ask, query } from "../../shared/route";
import { day } from "../../shared/time";
import { Trouble } from "../../shared/ui/Trouble";
import { t } from "../../shared/words";

/** Who was responsible for a unit on a day, on each level above it and its own (R04). */
export function Responsible({ code }: { code: string }) {
  const on = query.value.on ?? day();
  const found = useThing(`responsible ${code} ${on}`, (signal) =>
    answer(api.GET("/api/v1/regions/{code}/responsible", { params: { path: { code }, query: { on } }, signal })),
  );
  return (
    <section class="card">
      <h2>{t("grid.responsible")}</h2>
      <label for="on">{t("grid.on")}</label>
      <input id="on" type="date" value={on} onChange={(e) => ask({ on: e.currentTarget.value })} />
      {found.error.value !== undefined && <Trouble error={found.error.value} />}
      <dl class="facts levels">
        {found.value?.levels.map((level) => (
          <>
            <dt>{t(`level.${level.level as 2}`)} <a href={`/console/grid/${level.unit}`}>{level.name}</a></dt>
            <dd>
              {level.people.length === 0 && <span class="tag warn">{t("grid.vacant")}</span>}
              {level.people.map((term) => (
                <div key={term.id}>
                  {t(`role.${term.role}`)} <b>{term.name}</b>
                  <span class="small"> {term.title} {t("grid.since", { day: term.starts })}</span>
                </div>
              ))}
            </dd>
          </>
        ))}
      </dl>
    </section>
  );
}
