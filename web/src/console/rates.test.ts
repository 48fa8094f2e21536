import { expect, test } from "vitest";
import { percentileOf, ratesOf } from "./rates";

const bounds = [0.001, 0.01, 0.1];

test("rates are those between two samples", () => {
  const before = { ok: 100, failed: 5, bounds, within: [50, 100, 105] };
  const now = { ok: 115, failed: 10, bounds, within: [60, 110, 125] };
  const rates = ratesOf(before, now, 2);
  expect(rates.perSecond).toBe(10);
  expect(rates.errors).toBe(0.25);
  expect(rates.p50).toBeCloseTo(0.001, 6);
});

test("without requests there are no percentiles", () => {
  const none = { ok: 1, failed: 0, bounds, within: [1, 1, 1] };
  expect(ratesOf(none, none, 1)).toEqual({ perSecond: 0, errors: 0, p50: undefined, p95: undefined, p99: undefined });
});

test.each([
  [[0, 10, 10], 0.5, 0.0055], // in the middle of its bucket
  [[10, 10, 10], 1, 0.001],
  [[0, 0, 0], 0.99, 0.1], // above all bounds: the last one
])("percentile of %j at %d", (within, share, want) => {
  expect(percentileOf(bounds, within, 10, share)).toBeCloseTo(want, 6);
});
