import { expect, test } from "vitest";
import { History, figuresOf, noCounts } from "./history";
import type { Counts } from "./sample";

const bounds = [0.01, 0.1];
const counts = (requests: number, failed = 0): Counts => ({
  requests,
  failed,
  seconds: requests / 100,
  stage_seconds: { node: requests / 200 },
  histogram: [requests, 0, 0],
  histogram_seconds: [requests / 200, 0, 0],
});

test("what was counted before the page was opened is not of the last minute", () => {
  const history = new History();
  history.add(100, counts(5000, 17));
  expect(figuresOf(history.minute(), bounds)).toEqual({ rate: 0 });
  history.add(101, counts(5010, 18));
  history.add(102, counts(5040, 20));
  const minute = history.minute();
  expect(minute).toMatchObject({ length: 2, counts: { requests: 40, failed: 3, histogram: [40, 0, 0] } });
  expect(minute.counts.stage_seconds.node).toBeCloseTo(0.2);
  expect(figuresOf(minute, bounds)).toMatchObject({ rate: 20, errors: 3 / 40 });
  expect(history.rates()).toEqual([10, 20]);
  expect(history.periods().map((period) => period.counts.failed)).toEqual([1, 3]);
});

test("a minute ends", () => {
  const history = new History();
  for (let at = 0; at <= 200; at++) history.add(at, counts(at));
  expect(history.minute()).toMatchObject({ length: 60, counts: { requests: 60 } });
});

test("an operation that appears had no requests before", () => {
  const history = new History(7);
  history.add(8, counts(3));
  expect(figuresOf(history.minute(), bounds).rate).toBe(3);
});

test("an operation that was dropped, and a gateway that starts again, count from zero", () => {
  const history = new History();
  history.add(7, counts(100));
  history.add(8, counts(2));
  expect(figuresOf(history.minute(), bounds).rate).toBe(2);
  history.add(1, counts(1));
  history.add(2, counts(5));
  expect(history.minute()).toMatchObject({ length: 1, counts: { requests: 4 } });
});

test("a percentile is spread around the mean of its bucket, within the bounds", () => {
  const percentiles = (histogram: number[], histogram_seconds: number[]) =>
    figuresOf({ length: 1, counts: { ...noCounts, requests: histogram.reduce((a, b) => a + b), histogram, histogram_seconds } }, bounds);
  expect(percentiles([100, 0, 0], [0.5, 0, 0])).toMatchObject({ p50: expect.closeTo(0.005), p99: expect.closeTo(0.0099) });
  expect(percentiles([90, 10, 0], [0.45, 0.11, 0])).toMatchObject({ p95: expect.closeTo(0.011), p99: expect.closeTo(0.0118) });
  expect(percentiles([0, 0, 4], [0, 0, 12.2])).toMatchObject({ p50: expect.closeTo(3.05), p99: expect.closeTo(5.94, 1) });
});
