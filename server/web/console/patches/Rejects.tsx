import { useSignal } from "@preact/signals";
import { answer, api } from "../../shared/api/client";
import type { PatchBatch, PatchReject } from "../../shared/api/schema";
import { usePages } from "../../shared/pages";
import { t } from "../../shared/words";

/** The rows of a file that were refused, each with its reason. */
export function Rejects({ batch }: { batch: PatchBatch }) {
  const open = useSignal(false);
  return (
    <details onToggle={(e) => (open.value = e.currentTarget.open)}>
      <summary>{batch.rejected}</summary>
      {open.value && <List id={batch.id} />}
    </details>
  );
}

function List({ id }: { id: string }) {
  const pages = usePages<PatchReject>(`rejects ${id}`, (cursor, signal) => {
    const params = { path: { id }, query: { limit: 50, ...(cursor && { cursor }) } };
    return answer(api.GET("/api/v1/patch-batches/{id}/rejects", { params, signal }));
  });
  return (
    <>
      <ul>{pages.rows.value.map((r) => <li key={`${r.line} ${r.field}`}>{t("batch.line", { n: r.line })} {r.identifier} {r.field}：{r.reason}</li>)}</ul>
      {pages.next.value && <button type="button" onClick={() => void pages.more()}>{t("list.more")}</button>}
    </>
  );
}
