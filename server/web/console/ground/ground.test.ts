import { expect, test } from "vitest";
import type { AboutPhoto } from "../../shared/api/schema";
import { patchIn, shotsOf } from "./ground";

const photo = (sha256: string, facts: object[], doubts: object[] = []) => ({ sha256, facts: facts.map((f) => ({ facts: f })), doubts }) as unknown as AboutPhoto;

test("only photos with a place are drawn, under the numbers of the list", () => {
  const shots = shotsOf([
    photo("a", []),
    photo("b", [{ lon: 105.2, lat: 37.5, azimuth: 90 }], [{}]),
    photo("c", [{ lon: 105.3, lat: 37.6 }]),
  ]);
  expect(shots).toEqual([
    { name: "b", number: 2, lon: 105.2, lat: 37.5, azimuth: 90, odd: true },
    { name: "c", number: 3, lon: 105.3, lat: 37.6, azimuth: undefined, odd: false },
  ]);
});

test("a case that no patch opened has none", () => {
  expect(["", patchIn(null), patchIn({ patch: 3 }), patchIn({ patch: "p" })]).toEqual(["", "", "", "p"]);
});
