import { expect, test } from "vitest";
import { csv, nextSort, sorted, type Column } from "./table";

type Row = { name: string; mu: number | null };
const columns: Column<Row>[] = [
  { key: "name", title: "名称", value: (r) => r.name },
  { key: "mu", title: "面积", value: (r) => r.mu, number: true },
];
const rows: Row[] = [
  { name: "第10组", mu: 2 },
  { name: "第9组", mu: null },
  { name: "第1组", mu: 10 },
];

test("numbers sort as numbers, also inside names, and what is missing stands last both ways", () => {
  expect(sorted(rows, columns, "name").map((r) => r.name)).toEqual(["第1组", "第9组", "第10组"]);
  expect(sorted(rows, columns, "mu").map((r) => r.mu)).toEqual([2, 10, null]);
  expect(sorted(rows, columns, "-mu").map((r) => r.mu)).toEqual([10, 2, null]);
  expect(sorted(rows, columns, "gone")).toEqual(rows);
});

test("a head's clicks go round", () => {
  expect([undefined, "mu", "-mu"].map((by) => nextSort("mu", by))).toEqual(["mu", "-mu", undefined]);
});

test("what a spreadsheet would run as a formula is text, what it would split is quoted", () => {
  const text = csv([{ name: '=HYPERLINK("x"),y', mu: -1 }], columns);
  expect(text).toBe('\uFEFF名称,面积\r\n"\'=HYPERLINK(""x""),y",-1\r\n');
});
