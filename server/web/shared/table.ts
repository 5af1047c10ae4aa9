import type { ComponentChildren } from "preact";

/** A column of a table. */
export interface Column<T> {
  /** Stable; stands in the address when the table is sorted by it. */
  key: string;
  title: string;
  /** What is sorted by and exported; also shown when there is no `cell`. */
  value: (row: T) => string | number | null | undefined;
  cell?: (row: T) => ComponentChildren;
  number?: boolean;
}

/** Sorts by a column: `key` upwards, `-key` downwards; anything else leaves the order of the server. */
export function sorted<T>(rows: T[], columns: Column<T>[], by: string | undefined): T[] {
  const down = by?.startsWith("-") ?? false;
  const column = columns.find((c) => c.key === (down ? by?.slice(1) : by));
  if (!column) return rows;
  const collator = new Intl.Collator("zh-CN", { numeric: true });
  const compare = (a: T, b: T): number => {
    const [x, y] = [column.value(a), column.value(b)];
    if (x == null || y == null) return x == null ? (y == null ? 0 : 1) : -1;
    const order = typeof x === "number" && typeof y === "number" ? x - y : collator.compare(String(x), String(y));
    return down ? -order : order;
  };
  return [...rows].sort(compare);
}

/** The column that an address's `sort` names. */
export const keyOf = (by: string | undefined): string => by?.replace(/^-/, "") ?? "";

/** What the next click on a column's head sorts by: upwards, downwards, not at all. */
export function nextSort(key: string, by: string | undefined): string | undefined {
  if (by === key) return `-${key}`;
  return by === `-${key}` ? undefined : key;
}

/** A table as CSV that Excel opens: UTF-8 with a byte order mark; no cell can become a formula. */
export function csv<T>(rows: T[], columns: Column<T>[]): string {
  const field = (value: string | number | null | undefined): string => {
    let text = value == null ? "" : String(value);
    if (typeof value === "string" && /^[=+\-@\t\r]/.test(text)) text = `'${text}`;
    return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  const lines = [columns.map((c) => field(c.title)), ...rows.map((row) => columns.map((c) => field(c.value(row))))];
  return `\uFEFF${lines.map((line) => line.join(",")).join("\r\n")}\r\n`;
}
