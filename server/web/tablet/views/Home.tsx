import { useEffect } from "preact/hooks";
import { t } from "../../shared/words";
import { ordered } from "../fields/fields";
import { FieldRow } from "../fields/FieldRow";
import { StartPatrol } from "../patrol/StartPatrol";
import { Unfinished } from "../patrol/Unfinished";
import { follow, here } from "../position";
import { enrolment, orders, parcels, tasks, unsentResults } from "../state";

/** How many fields the first page shows. */
const FEW = 5;

/** What there is to do, and the button to begin. */
export function Home() {
  useEffect(follow, []);
  const from = here();
  return (
    <>
      <h1>{t("tablet.hello", { name: enrolment.value?.name ?? "" })}</h1>
      <Unfinished />
      <StartPatrol />
      <p class="row two">
        <a class="button big" href="/tablet/scan">{t("scan.title")}</a>
        <a class="button big" href="/tablet/fields">{t("fields.title")}</a>
      </p>
      <Tasks />
      <section class="card">
        <h2>{from ? t("fields.nearest") : t("fields.title")}</h2>
        {parcels.value.length === 0 && <p class="empty">{t("fields.none")}</p>}
        <ul class="lines">
          {ordered(parcels.value, from).slice(0, FEW).map((parcel) => <FieldRow key={parcel.id} parcel={parcel} from={from} />)}
        </ul>
        {parcels.value.length > FEW && <p><a href="/tablet/fields">{t("fields.all", { n: parcels.value.length })}</a></p>}
      </section>
    </>
  );
}

function Tasks() {
  const known = new Set(tasks.value.map((task) => task.id));
  const sorted = [...tasks.value].sort((a, b) => a.due.localeCompare(b.due));
  const kept = new Set(unsentResults.value.map((outcome) => outcome.task));
  const ordersOnly = orders.value.filter((order) => !known.has(order.id) && order.text);
  return (
    <section class="card">
      <h2>{t("tasks.title")}</h2>
      {sorted.length + ordersOnly.length === 0 && <p class="empty">{t("tasks.none")}</p>}
      <ul class="lines">
        {sorted.map((task) => (
          <li key={task.id}>
            <strong>{task.kind_title}</strong> {task.unit_name}
            <div>{task.words}</div>
            <div class="small">{t("tasks.due", { day: task.due, n: task.photos })}</div>
            <a class="button big" href={`/tablet/task/${task.id}`}>{kept.has(task.id) ? t("task.kept") : t("tasks.open")}</a>
          </li>
        ))}
        {ordersOnly.map((order) => <li key={order.id}>{order.text}</li>)}
      </ul>
    </section>
  );
}
