import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";
import { ask, query } from "../route";
import type { Pages } from "../pages";
import { saveFile } from "../save";
import { csv, keyOf, nextSort, sorted, type Column } from "../table";
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
  /** Columns by which the server sorts; the address's `sort` is then part of what `pages` asks. */
  server?: readonly string[];
}

/**
 * A table that sorts by its heads, goes on by pages and can be exported. What the server does not sort is sorted here,
 * once all of it has been read: the order of a page alone would mislead.
 */
export function Listing<T>({ label, columns, pages, rowKey, empty, server = [] }: Props<T>) {
  const { sort } = query.value;
  const here = columns.some((column) => column.key === keyOf(sort)) && !server.includes(keyOf(sort));
  useEffect(() => {
    if (here && pages.next.value) void pages.all();
  }, [here, sort, pages, pages.next.value === undefined]);
  const rows = here ? sorted(pages.rows.value, columns, sort) : pages.rows.value;
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
            <span class="small grow" role="status">{t(pages.next.value ? (here ? "list.partly" : "list.some") : "list.all", { n: rows.length })}</span>
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
