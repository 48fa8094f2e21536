import { expect, test } from "vitest";
import { noCounts, type Counts } from "./counts";
import { figuresOf } from "./figures";
import { History } from "./history";

const bounds = [0.01, 0.1];
const counts = (requests: number, failed = 0): Counts => ({
  requests,
  failed,
  with_errors: 2 * failed,
  seconds: requests / 100,
  stage_seconds: { node: requests / 200 },
  histogram: [requests, 0, 0],
  histogram_seconds: [requests / 200, 0, 0],
  max_seconds: 0.01,
  latest_max_seconds: 0.01,
});

test("what was counted before the page was opened is not of the last minute", () => {
  const history = new History();
  history.add(100, counts(5000, 17));
  expect(figuresOf(history.minute(), bounds)).toEqual({ rate: 0 });
  history.add(101, counts(5010, 18));
  history.add(102, counts(5040, 20));
  const minute = history.minute();
  expect(minute).toMatchObject({ length: 2, counts: { requests: 40, failed: 3, with_errors: 6, histogram: [40, 0, 0] } });
  expect(minute.counts.stage_seconds.node).toBeCloseTo(0.2);
  expect(figuresOf(minute, bounds)).toMatchObject({ rate: 20, failed: 3 / 40, errors: 6 / 40 });
  expect(history.rates()).toEqual([10, 20]);
  expect(history.periods().map((period) => period.counts.failed)).toEqual([1, 3]);
});

test("a minute ends", () => {
  const history = new History();
  for (let at = 0; at <= 200; at++) history.add(at, counts(at));
  expect(history.minute()).toMatchObject({ length: 60, counts: { requests: 60 } });
  expect(history.last(10)).toMatchObject({ length: 10, counts: { requests: 10 } });
});

test("the last seconds are at least those of the last sample", () => {
  const history = new History();
  history.add(1, counts(1));
  expect(history.last(10)).toMatchObject({ length: 0, counts: { requests: 0 } });
  history.add(30, counts(7));
  expect(history.last(10)).toMatchObject({ length: 29, counts: { requests: 6 } });
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

const percentiles = (histogram: number[], histogram_seconds: number[], longest = Infinity) =>
  figuresOf({ length: 1, counts: { ...noCounts, requests: histogram.reduce((a, b) => a + b), histogram, histogram_seconds }, longest }, bounds);

test("a percentile is spread around the mean of its bucket, within the bounds", () => {
  expect(percentiles([100, 0, 0], [0.5, 0, 0])).toMatchObject({ p50: expect.closeTo(0.005), p99: expect.closeTo(0.0099) });
  expect(percentiles([90, 10, 0], [0.45, 0.11, 0])).toMatchObject({ p95: expect.closeTo(0.011), p99: expect.closeTo(0.0118) });
});

test("no percentile is longer than the longest request", () => {
  expect(percentiles([0, 100, 0], [0, 1.2, 0], 0.012)).toMatchObject({ p50: expect.closeTo(0.012), p99: expect.closeTo(0.012) });
  expect(percentiles([0, 0, 4], [0, 0, 12.2], 3.1)).toMatchObject({ p50: expect.closeTo(3.05), p99: expect.closeTo(3.099) });
});

test("the longest request of a period is that of its samples, or of all where one is missing", () => {
  const history = new History();
  const add = (at: number, latest_max_seconds: number) => history.add(at, { ...counts(at), max_seconds: 9, latest_max_seconds });
  add(1, 7);
  add(2, 3);
  add(3.5, 2);
  expect(history.minute().longest).toBe(3);
  expect(history.last(1.5).longest).toBe(2);
  add(6, 1);
  expect(history.minute().longest).toBe(9);
});
