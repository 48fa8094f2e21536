import { expect, test } from "vitest";
import { bytes, duration, percent } from "./format";
import { path } from "./plot";
import { stateOf, type Node } from "./sample";

test("durations, shares and sizes are short", () => {
  expect([undefined, 0.00321, 0.25, 41, 300, 7200 * 2, 86400 * 3].map(duration)).toEqual(["–", "3.2 ms", "250 ms", "41 s", "5 min", "4 h", "3 d"]);
  expect([percent(0.015), bytes(25_300_000), bytes(2.5e9)]).toEqual(["1.5 %", "25 MB", "2.5 GB"]);
});

test("the newest value of a plot is at the right, the greatest at the top", () => {
  expect(path([0, 5, 10])).toBe("M57 19.0h0L58 10.0L59 1.0");
  expect(path([0])).toBe("M59 19.0h0");
});

test("a plot has a gap where there is no value", () => {
  expect(path([1, undefined, 2, 2])).toBe("M56 10.0h0M58 1.0h0L59 1.0");
});

test.each([
  ["connected", "closed", "up"],
  ["connected", "open", "ejected"],
  ["connected", "half-open", "on trial"],
  ["draining", "open", "draining"],
])("a node that is %s with a breaker that is %s is %s", (state, breaker, want) => {
  expect(stateOf({ state, breaker } as Node)).toBe(want);
});
