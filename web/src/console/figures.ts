import type { Period } from "./history";

/** Figures are those of the requests of a period. Without requests they are undefined. */
export type Figures = {
  /** rate is the number of requests in a second. */
  rate: number;
  /** errors is the share of requests whose answer has errors, failed that of those without data, from 0 to 1. */
  errors?: number;
  failed?: number;
  /** p50, p95 and p99 are percentiles of the duration, in seconds. */
  p50?: number;
  p95?: number;
  p99?: number;
};

export function figuresOf(period: Period, bounds: number[]): Figures {
  const { requests, with_errors, failed } = period.counts;
  if (requests === 0) return { rate: 0 };
  return {
    rate: period.length > 0 ? requests / period.length : 0,
    errors: with_errors / requests,
    failed: failed / requests,
    p50: percentileOf(period, bounds, 0.5),
    p95: percentileOf(period, bounds, 0.95),
    p99: percentileOf(period, bounds, 0.99),
  };
}

/**
 * percentileOf spreads the requests of a bucket around their mean, as far as its bounds and
 * the longest request allow.
 */
function percentileOf({ counts: { requests, histogram, histogram_seconds }, longest }: Period, bounds: number[], share: number): number | undefined {
  let rank = share * requests;
  for (const [i, n] of histogram.entries()) {
    if (n > 0 && rank <= n) {
      const mean = histogram_seconds[i]! / n;
      const spread = Math.max(0, Math.min(mean - (bounds[i - 1] ?? 0), Math.min(bounds[i] ?? Infinity, longest) - mean));
      return mean + spread * ((2 * rank) / n - 1);
    }
    rank -= n;
  }
  return undefined;
}
