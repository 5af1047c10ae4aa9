import { expect, test } from "vitest";
import { wind } from "./compass";

test("a bearing is told by the nearest of eight winds, round the north", () => {
  expect([0, 22, 23, 90, 200, 337, 338, 360, -45].map(wind)).toEqual(["n", "n", "ne", "e", "s", "nw", "n", "n", "nw"]);
});
