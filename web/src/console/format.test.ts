import { expect, test } from "vitest";
import { bytes, duration, percent } from "./format";
import { points } from "./plot";
import { stateOf, type Node } from "./sample";

test("durations, shares and sizes are short", () => {
  expect([undefined, 0.00321, 0.25, 41, 300, 7200 * 2, 86400 * 3].map(duration)).toEqual(["–", "3.2 ms", "250 ms", "41 s", "5 min", "4 h", "3 d"]);
  expect([percent(0.015), bytes(25_300_000), bytes(2.5e9)]).toEqual(["1.5 %", "25 MB", "2.5 GB"]);
});

test("the newest value of a plot is at the right, the greatest at the top", () => {
  expect(points([0, 5, 10])).toBe("57,19.0 58,10.0 59,1.0");
  expect(points([0])).toBe("59,19.0");
});

test.each([
  ["connected", "closed", "up"],
  ["connected", "open", "ejected"],
  ["connected", "half-open", "on trial"],
  ["draining", "open", "draining"],
])("a node that is %s with a breaker that is %s is %s", (state, breaker, want) => {
  expect(stateOf({ state, breaker } as Node)).toBe(want);
});
