import { expect, test } from "vitest";
import { aligned, bound, milliseconds } from "./format";

test("numbers of a column have their points below each other", () => {
  expect([undefined, 0, 0.01, 0.25, 9.94, 9.96, 1204.4].map(aligned).map((text) => text.replaceAll("\u2008", "'").replaceAll("\u2007", "_"))).toEqual([
    "–'_", "0'_", "<0.1", "0.3", "9.9", "10'_", "1,204'_",
  ]);
  expect(milliseconds(0.0032)).toBe("3.2");
});

test("bounds of histograms", () => {
  expect([0.0003, 0.0015, 0.07, 1.5, 70].map(bound)).toEqual(["300 µs", "1.5 ms", "70 ms", "1.5 s", "70 s"]);
});
