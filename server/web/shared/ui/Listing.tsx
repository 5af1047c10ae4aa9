import type { ComponentChildren } from "preact";
import { ask, query } from "../route";
import type { Pages } from "../pages";
import { saveFile } from "../save";
import { csv, nextSort, sorted, type Column } from "../table";
import { t } from "../words";
import { Trouble } from "./Trouble";

interface Props<T> {
  /** What the list is of; the table's caption and the exported file's name. */
  label: string;
  columns: Column<T>[];
  pages: Pages<T>;
  rowKey: (row: T) => string | number;
  /** What an empty list says: that it is empty, and what to do about it. */
  empty: ComponentChildren;
}

/** A table that sorts by its heads, goes on by pages and can be exported. */
export function Listing<T>({ label, columns, pages, rowKey, empty }: Props<T>) {
  const rows = sorted(pages.rows.value, columns, query.value.sort);
  const known = pages.next.value !== undefined;
  return (
    <section class="card" aria-busy={pages.busy.value}>
      {pages.error.value !== undefined && <Trouble error={pages.error.value} retry={() => void pages.reload()} />}
      {!known && pages.busy.value && <p class="empty" role="status">{t("app.loading")}</p>}
      {known && rows.length === 0 && <div class="empty">{empty}</div>}
      {rows.length > 0 && (
        <>
          <div class="frame">
            <table class="cards">
              <caption class="sr">{label}</caption>
              <thead><tr>{columns.map((column) => <Head key={column.key} column={column} />)}</tr></thead>
              <tbody>
                {rows.map((row) => (
                  <tr key={rowKey(row)}>
                    {columns.map((c) => (
                      <td key={c.key} class={c.number ? "number" : ""} data-label={c.title}>
                        {c.cell ? c.cell(row) : c.value(row)}
                      </td>
                    ))}
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
          <p class="row foot">
            <span class="small grow">{t(pages.next.value ? "list.some" : "list.all", { n: rows.length })}</span>
            {pages.next.value && (
              <button type="button" disabled={pages.busy.value} onClick={() => void pages.more()}>{t("list.more")}</button>
            )}
            <button type="button" onClick={() => saveFile(`${label}.csv`, new Blob([csv(rows, columns)], { type: "text/csv" }))}>{t("list.export")}</button>
          </p>
        </>
      )}
    </section>
  );
}

function Head<T>({ column }: { column: Column<T> }) {
  const by = query.value.sort;
  const order = by === column.key ? "ascending" : by === `-${column.key}` ? "descending" : "none";
  const arrow = { ascending: " ↑", descending: " ↓", none: "" }[order];
  return (
    <th scope="col" class={column.number ? "number" : ""} aria-sort={order}>
      <button type="button" onClick={() => ask({ sort: nextSort(column.key, by) })}>{column.title}{arrow}</button>
    </th>
  );
}
