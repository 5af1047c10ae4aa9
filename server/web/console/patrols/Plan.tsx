import { answer, api } from "../../shared/api/client";
import type { Plan as Planned } from "../../shared/api/schema";
import { usePages } from "../../shared/pages";
import type { Column } from "../../shared/table";
import { Listing } from "../../shared/ui/Listing";
import { t } from "../../shared/words";

const STATES: Record<string, "plan.done" | "plan.due" | "plan.overdue"> = {
  done: "plan.done", due: "plan.due", overdue: "plan.overdue",
};

/** Who has to patrol in the present period, and who has; the frequency says where it comes from. */
export function Plan({ region }: { region: string | undefined }) {
  const pages = usePages<Planned>(`plan ${region ?? ""}`, (_, signal) =>
    answer(api.GET("/api/v1/patrol-plan", { params: { query: region ? { region } : {} }, signal })),
  );
  const columns: Column<Planned>[] = [
    { key: "plan-unit", title: t("ledger.unit"), value: (p) => p.unit_name },
    { key: "plan-name", title: t("ledger.name"), value: (p) => p.name },
    { key: "plan-level", title: t("grid.level"), value: (p) => t(`level.${p.level as 4}`) },
    { key: "plan-period", title: t("ledger.period"), value: (p) => `${p.from} – ${p.until}` },
    { key: "plan-done", title: t("ledger.actual"), value: (p) => p.done, cell: (p) => `${p.done} / ${p.required}`, number: true },
    {
      key: "plan-state", title: t("case.state"), value: (p) => t(STATES[p.state] ?? "plan.due"),
      cell: (p) => <span class={`tag ${p.state === "overdue" ? "warn" : p.state === "done" ? "ok" : "amber"}`}>{t(STATES[p.state] ?? "plan.due")}</span>,
    },
    { key: "plan-basis", title: t("ledger.basis"), value: (p) => p.source },
  ];
  return (
    <>
      <h2>{t("ledger.plan")}</h2>
      <Listing
        label={t("ledger.plan")} columns={columns} pages={pages} rowKey={(p) => p.unit + p.name + p.level}
        empty={<><strong>{t("ledger.noplan")}</strong>{t("ledger.noplanhelp")}</>}
      />
    </>
  );
}
