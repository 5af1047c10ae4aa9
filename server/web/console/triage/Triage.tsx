import { useLayoutEffect } from "preact/hooks";
import { answer, api } from "../../shared/api/client";
import type { CaseListed } from "../../shared/api/schema";
import { useThing, usePages } from "../../shared/pages";
import { ask, query } from "../../shared/route";
import { Trouble } from "../../shared/ui/Trouble";
import { t } from "../../shared/words";
import { Actions } from "../case/Actions";
import { CasePane, kindOf } from "../case/CasePane";
import { usePlace } from "../case/place";
import { drawing } from "../ground/Draw";
import { useGround } from "../ground/ground";
import { GroundMap } from "../ground/GroundMap";
import { letter } from "../keys";
import { decisions } from "../office";
import { CaseFilters, wanted } from "./CaseFilters";
import { Queue } from "./Queue";

/** What may be asked of the API in one go; a township's open cases of one state fit. */
const PAGE = 100;

/** The queue, the case and the map side by side; everything can be done by keyboard. */
export function Triage() {
  const by = wanted("opened");
  const pages = usePages<CaseListed>(`cases ${JSON.stringify(by)}`, (cursor, signal) => {
    const query = { ...by, limit: PAGE, ...(cursor && { cursor }) };
    return answer(api.GET("/api/v1/cases", { params: { query }, signal }));
  });
  const rows = pages.rows.value;
  const at = Math.max(0, rows.findIndex((row) => row.id === query.value.case));
  const row = rows[at];
  const id = row?.id ?? "";
  const done = decisions.of(id)?.after;
  const whole = useThing(`case ${id} ${decisions.of(id)?.state === "refused"}`, async (signal) =>
    id ? answer(api.GET("/api/v1/cases/{id}", { params: { path: { id } }, signal })) : undefined,
  );
  const shown = done && done.version > (whole.value?.version ?? 0) ? done : whole.value;
  const current = shown?.id === id ? shown : undefined;
  const place = usePlace(row);
  const ground = useGround(current);
  const changed = () => void whole.reload();
  const finished = decisions.all.value.filter((d) => d.state === "done").length;

  useLayoutEffect(() => {
    const move = (step: number) => {
      const next = rows[at + step];
      if (next) ask({ case: next.id });
      if (at + step >= rows.length - 5) void pages.more();
    };
    const press = (event: KeyboardEvent) => {
      if (drawing.value) return;
      if (event.code === "Escape") (document.activeElement as HTMLElement | null)?.blur();
      const pressed = letter(event);
      if (pressed === "J" || pressed === "K") move(pressed === "J" ? 1 : -1);
      else if (pressed === "Z") ask({ case: decisions.undo() ?? id });
      else return;
      event.preventDefault();
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  });

  return (
    <main id="main" class="triage">
      <h1 class="sr">{t("nav.triage")}</h1>
      <CaseFilters initial="opened" />
      <section class="pane queue" aria-label={t("triage.queue")} aria-busy={pages.busy.value} tabIndex={0}>
        {pages.error.value !== undefined && <Trouble error={pages.error.value} retry={() => void pages.reload()} />}
        <Queue pages={pages} chosen={id} />
      </section>
      <section class="pane" aria-label={t("triage.case")} tabIndex={0}>
        <p class="sr" role="status">{row && `${kindOf(row)} ${row.unit_name}`}</p>
        {whole.error.value !== undefined && <Trouble error={whole.error.value} retry={() => void whole.reload()} />}
        {current && <CasePane whole={current} ground={ground} changed={changed}><Actions whole={current} /></CasePane>}
        {!current && id && !whole.error.value && <p class="empty">{t("app.loading")}</p>}
        {!id && <p class="empty">{t("triage.pick")}</p>}
      </section>
      <GroundMap
        whole={current} ground={ground} at={place} fresh={finished} changed={changed}
        onCase={(chosen) => ask({ case: chosen })}
      />
    </main>
  );
}
