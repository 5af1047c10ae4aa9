import { useSignal } from "@preact/signals";
import { answer, api } from "../../shared/api/client";
import type { Quarantined } from "../../shared/api/schema";
import { usePages } from "../../shared/pages";
import type { Column } from "../../shared/table";
import { when } from "../../shared/time";
import { Listing } from "../../shared/ui/Listing";
import { Trouble } from "../../shared/ui/Trouble";
import { t } from "../../shared/words";

/** What devices sent and could not be applied; somebody decides what becomes of it. */
export function Quarantine() {
  const error = useSignal<unknown>(undefined);
  const pages = usePages<Quarantined>("quarantine", (cursor, signal) => {
    const query = { state: "waiting" as const, limit: 20, ...(cursor && { cursor }) };
    return answer(api.GET("/api/v1/quarantine", { params: { query }, signal }));
  });
  async function decide(id: string, again: boolean) {
    error.value = undefined;
    const params = { path: { id } };
    try {
      if (again) await answer(api.POST("/api/v1/quarantine/{id}/retry", { params, body: {} }));
      else await answer(api.POST("/api/v1/quarantine/{id}/dismissal", { params }));
      await pages.reload();
    } catch (failure) {
      error.value = failure;
    }
  }
  const columns: Column<Quarantined>[] = [
    { key: "q-at", title: t("reports.received"), value: (q) => when(q.received_at) },
    { key: "q-device", title: t("posts.device"), value: (q) => q.device, number: true },
    { key: "q-reason", title: t("quarantine.reason"), value: (q) => t(`quarantine.${q.reason}`) },
    { key: "q-detail", title: t("audit.detail"), value: (q) => q.detail },
    {
      key: "q-do", title: t("audit.action"), value: () => "",
      cell: (q) => (
        <span class="row">
          <button type="button" onClick={() => void decide(q.id, true)}>{t("quarantine.retry")}</button>
          <button type="button" onClick={() => void decide(q.id, false)}>{t("quarantine.dismiss")}</button>
        </span>
      ),
    },
  ];
  return (
    <>
      <h2>{t("quarantine.title")}</h2>
      {error.value !== undefined && <Trouble error={error.value} />}
      <Listing
        label={t("quarantine.title")} columns={columns} pages={pages} rowKey={(q) => q.id}
        empty={<><strong>{t("quarantine.none")}</strong>{t("quarantine.nonehelp")}</>}
      />
    </>
  );
}
