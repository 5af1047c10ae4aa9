import { answer, api } from "../../shared/api/client";
import type { AuditEntry } from "../../shared/api/schema";
import { usePages } from "../../shared/pages";
import { ask, query } from "../../shared/route";
import type { Column } from "../../shared/table";
import { when } from "../../shared/time";
import { Listing } from "../../shared/ui/Listing";
import { t } from "../../shared/words";
import { Verify } from "./Verify";

/** The hash-chained log, the latest first. */
export function Audit() {
  const { actor } = query.value;
  const pages = usePages<AuditEntry>(`audit ${actor ?? ""}`, (cursor, signal) => {
    const query = { limit: 100, ...(actor && { actor }), ...(cursor && { cursor }) };
    return answer(api.GET("/api/v1/audit", { params: { query }, signal }));
  });
  const columns: Column<AuditEntry>[] = [
    { key: "at", title: t("audit.at"), value: (e) => when(e.at) },
    { key: "actor", title: t("audit.actor"), value: (e) => e.actor },
    { key: "action", title: t("audit.action"), value: (e) => e.action },
    { key: "subject", title: t("audit.subject"), value: (e) => e.subject },
    { key: "detail", title: t("audit.detail"), value: (e) => e.detail, cell: (e) => <span class="code small">{e.detail}</span> },
    { key: "chain", title: t("audit.chain"), value: (e) => `${e.chain} ${e.seq}`, cell: (e) => <span class="small">{e.chain.slice(0, 8)} #{e.seq}</span> },
  ];
  return (
    <main id="main" class="page">
      <h1>{t("nav.audit")}</h1>
      <form class="row filters" role="search" aria-label={t("list.filters")} onSubmit={(e) => e.preventDefault()}>
        <div class="grow">
          <label for="by-actor">{t("audit.actor")}</label>
          <input id="by-actor" type="search" value={actor ?? ""} onChange={(e) => ask({ actor: e.currentTarget.value.trim() })} />
        </div>
      </form>
      <Verify done={pages.again} />
      <Listing
        label={t("nav.audit")} columns={columns} pages={pages} rowKey={(e) => `${e.chain} ${e.seq}`}
        empty={<><strong>{t("audit.none")}</strong>{t("audit.nonehelp")}</>}
      />
    </main>
  );
}
