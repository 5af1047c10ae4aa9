import { useLayoutEffect } from "preact/hooks";
import { answer, api } from "../../shared/api/client";
import { useThing } from "../../shared/pages";
import { go } from "../../shared/route";
import { Trouble } from "../../shared/ui/Trouble";
import { t } from "../../shared/words";
import { useGround } from "../ground/ground";
import { GroundMap } from "../ground/GroundMap";
import { letter } from "../keys";
import { decisions } from "../office";
import { maySeePersons } from "../rights";
import { Actions } from "./Actions";
import { CasePane } from "./CasePane";
import { Persons } from "./Persons";
import { usePlace } from "./place";

/** A case by itself, with its address. */
export function CasePage({ id }: { id: string }) {
  const decision = decisions.of(id);
  const whole = useThing(`case ${id} ${decision?.state === "refused"}`, (signal) =>
    answer(api.GET("/api/v1/cases/{id}", { params: { path: { id } }, signal })),
  );
  const after = decision?.after;
  const shown = after && after.version > (whole.value?.version ?? 0) ? after : whole.value;

  useLayoutEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (letter(event) === "Z") decisions.undo(id);
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  });

  const place = usePlace(shown);
  const ground = useGround(shown);
  const changed = () => void whole.reload();
  return (
    <main id="main" class="page">
      <h1>{t("case.title")}</h1>
      {whole.error.value !== undefined && <Trouble error={whole.error.value} retry={() => void whole.reload()} />}
      {!shown && !whole.error.value && <p class="card empty" role="status">{t("app.loading")}</p>}
      {shown && (
        <div class="columns">
          <section class="card"><CasePane whole={shown} ground={ground} changed={changed}><Actions whole={shown} /></CasePane></section>
          {place && (
            <GroundMap
              whole={shown} ground={ground} at={place} fresh={after?.version} changed={changed}
              onCase={(other) => go(`/console/cases/${other}`)}
            />
          )}
          {maySeePersons() && <Persons key={id} id={id} />}
        </div>
      )}
    </main>
  );
}
