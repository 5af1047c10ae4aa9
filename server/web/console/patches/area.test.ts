import { expect, test } from "vitest";
import { mu, percent } from "./area";

test("a mu is two thirds of a thousand square metres", () => {
  expect(mu(2000 / 3)).toBe(1);
  expect(mu(100_000)).toBe(150);
  expect(percent(0.4567)).toBe("45.7%");
});
