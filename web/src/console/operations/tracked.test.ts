import { expect, test } from "vitest";
import { noCounts } from "../counts";
import type { Summary } from "./sample";
import { Tracker, keyOf } from "./tracked";

const summary = (name: string, requests: number): Summary => ({
  path: "/graphql", kind: "query", name, ...noCounts, requests, slow: 0, seconds: requests, histogram: [requests], histogram_seconds: [requests],
});
const sample = (uptime_seconds: number, ...operations: Summary[]) => ({ uptime_seconds, bounds: [], operations });

test("figures are of the last minute or since the start", () => {
  const tracker = new Tracker();
  tracker.update(sample(100, summary("Old", 50)));
  tracker.update(sample(102, summary("Old", 60), summary("New", 4)));
  const rates = (span: "minute" | "start") => [...tracker.operations.values()].map((operation) => tracker.figures(operation, span).rate);
  expect(rates("minute")).toEqual([5, 2]);
  expect(rates("start")).toEqual([60 / 102, 4 / 102]);
  expect(tracker.seen).toBe(2);
});

test("an operation that the gateway has no more is left out", () => {
  const tracker = new Tracker();
  tracker.update(sample(1, summary("A", 1), summary("B", 1)));
  tracker.update(sample(2, summary("B", 1)));
  expect([...tracker.operations.keys()]).toEqual([keyOf(summary("B", 1))]);
});

test("the last minute begins again with the gateway", () => {
  const tracker = new Tracker();
  tracker.update(sample(100, summary("A", 50)));
  tracker.update(sample(160, summary("A", 50)));
  tracker.update(sample(3, summary("A", 1)));
  tracker.update(sample(5, summary("A", 5)));
  expect(tracker.seen).toBe(2);
  expect(tracker.figures([...tracker.operations.values()][0]!, "minute").rate).toBe(2);
});
