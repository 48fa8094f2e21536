import type { Requests } from "./sample";

/** Rates are those of the requests between two samples. */
export type Rates = {
  /** perSecond is the number of requests in a second. */
  perSecond: number;
  /** errors is the share of requests that the gateway failed, from 0 to 1. */
  errors: number;
  /** p50, p95 and p99 are percentiles of the duration, in seconds; undefined: no request. */
  p50?: number;
  p95?: number;
  p99?: number;
};

/** ratesOf compares two samples that are some seconds apart. Counters may begin again. */
export function ratesOf(before: Requests, now: Requests, seconds: number): Rates {
  if (now.ok < before.ok || now.failed < before.failed) return ratesOf(now, now, seconds);
  const failed = now.failed - before.failed;
  const count = now.ok - before.ok + failed;
  const within = now.within.map((n, i) => n - (before.within[i] ?? 0));
  const percentile = (share: number) => percentileOf(now.bounds, within, count, share);
  return { perSecond: count / seconds, errors: count ? failed / count : 0, p50: percentile(0.5), p95: percentile(0.95), p99: percentile(0.99) };
}

/**
 * percentileOf estimates a percentile from a cumulative histogram: linear within a bucket,
 * and the last bound above all buckets.
 */
export function percentileOf(bounds: number[], within: number[], count: number, share: number): number | undefined {
  if (count <= 0) return undefined;
  const rank = share * count;
  let low = 0;
  let below = 0;
  for (const [i, bound] of bounds.entries()) {
    const upTo = within[i] ?? 0;
    if (upTo >= rank) return low + ((rank - below) / (upTo - below || 1)) * (bound - low);
    low = bound;
    below = upTo;
  }
  return low;
}
