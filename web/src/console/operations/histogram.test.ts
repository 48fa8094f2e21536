import { expect, test } from "vitest";
import { bars, isLabelled, position } from "./histogram";

const bounds = Array.from({ length: 20 }, (_, i) => i + 1);
const histogram = (counts: Record<number, number>) => Array.from({ length: 21 }, (_, i) => counts[i] ?? 0);

test("empty buckets at both ends are left out, down to twelve bars", () => {
  expect(bars(bounds, histogram({}))).toEqual([]);
  const few = bars(bounds, histogram({ 9: 5 }));
  expect(few.length).toBeGreaterThanOrEqual(12);
  expect(few.filter((bar) => bar.requests > 0)).toEqual([{ from: 9, to: 10, requests: 5 }]);
  expect(bars(bounds, histogram({ 2: 1, 17: 1 })).map((bar) => bar.from)).toEqual(Array.from({ length: 16 }, (_, i) => i + 2));
});

test("the first bucket begins at zero, and the last one has no end", () => {
  const all = bars(bounds, histogram({ 0: 1, 20: 2 }));
  expect(all.at(0)).toEqual({ from: 0, to: 1, requests: 1 });
  expect(all.at(-1)).toEqual({ from: 20, to: undefined, requests: 2 });
});

test("positions are linear within a bar", () => {
  const shown = bars(bounds, histogram({ 0: 1, 20: 2 }));
  expect(position(0.5, shown)).toBeCloseTo(0.5 / 21);
  expect(position(20, shown)).toBeCloseTo(20 / 21);
  expect(position(21, shown)).toBeCloseTo(20 / 21);
  expect(position(0.5, shown.slice(1))).toBeUndefined();
});

test("few bars have more labels", () => {
  const from = [0, 0.0003, 0.0005, 0.001, 0.0015, 0.002, 0.1, 5, 10, 70];
  expect(from.filter((from) => isLabelled(from, 30))).toEqual([0.001, 0.1, 10]);
  expect(from.filter((from) => isLabelled(from, 12))).toEqual([0.0005, 0.001, 0.002, 0.1, 5, 10]);
});
