import type { Counts } from "./sample";

/** span is how many seconds a history has. */
const span = 60;

/** smoothed is how many samples a value of a plot is taken from. */
const smoothed = 5;

export const noCounts: Counts = { requests: 0, failed: 0, seconds: 0, stage_seconds: {}, histogram: [], histogram_seconds: [] };

/** Period has the counts of the requests that were answered in some seconds. */
export type Period = { length: number; counts: Counts };

type Point = { at: number; counts: Counts };

/** History has the counts of an operation in the last minute. */
export class History {
  private points: Point[] = [];

  /** An operation that appears after the page has been opened had no requests before. */
  constructor(absentAt?: number) {
    if (absentAt !== undefined) this.points.push({ at: absentAt, counts: noCounts });
  }

  /** add adds counts. at is the uptime of the gateway in seconds. */
  add(at: number, counts: Counts) {
    const last = this.points.at(-1);
    if (last && at <= last.at) this.points = []; // the gateway has started again
    else if (last && counts.requests < last.counts.requests) this.points = [{ at: last.at, counts: noCounts }];
    this.points.push({ at, counts });
    while (this.points.length > 2 && at - this.points[0]!.at > span + 0.5) this.points.shift();
  }

  /** minute is the last minute, or as much of it as there is. */
  minute(): Period {
    const from = this.points[0];
    return from ? between(from, this.points.at(-1)!) : { length: 0, counts: noCounts };
  }

  /** rates are the requests in a second, by sample. */
  rates(): number[] {
    return this.points.slice(1).map((to, i) => {
      const from = this.from(i + 1);
      return (to.counts.requests - from.counts.requests) / (to.at - from.at);
    });
  }

  /** periods are what plots are drawn of, by sample. */
  periods(): Period[] {
    return this.points.slice(1).map((to, i) => between(this.from(i + 1), to));
  }

  private from(i: number): Point {
    return this.points[Math.max(0, i - smoothed)]!;
  }
}

function between(from: Point, to: Point): Period {
  return { length: to.at - from.at, counts: subtract(to.counts, from.counts) };
}

function subtract(a: Counts, b: Counts): Counts {
  return {
    requests: a.requests - b.requests,
    failed: a.failed - b.failed,
    seconds: a.seconds - b.seconds,
    stage_seconds: Object.fromEntries(Object.entries(a.stage_seconds).map(([stage, n]) => [stage, n - (b.stage_seconds[stage] ?? 0)])),
    histogram: a.histogram.map((n, i) => n - (b.histogram[i] ?? 0)),
    histogram_seconds: a.histogram_seconds.map((n, i) => n - (b.histogram_seconds[i] ?? 0)),
  };
}

/** Figures are those of the requests of a period. Without requests they are undefined. */
export type Figures = {
  /** rate is the number of requests in a second. */
  rate: number;
  /** errors is the share of requests without data, from 0 to 1. */
  errors?: number;
  /** p50, p95 and p99 are percentiles of the duration, in seconds. */
  p50?: number;
  p95?: number;
  p99?: number;
};

export function figuresOf({ length, counts }: Period, bounds: number[]): Figures {
  if (counts.requests === 0) return { rate: 0 };
  return {
    rate: length > 0 ? counts.requests / length : 0,
    errors: counts.failed / counts.requests,
    p50: percentileOf(counts, bounds, 0.5),
    p95: percentileOf(counts, bounds, 0.95),
    p99: percentileOf(counts, bounds, 0.99),
  };
}

/** percentileOf spreads the requests of a bucket around their mean, as far as the bounds allow. */
function percentileOf({ requests, histogram, histogram_seconds }: Counts, bounds: number[], share: number): number | undefined {
  let rank = share * requests;
  for (const [i, n] of histogram.entries()) {
    if (n > 0 && rank <= n) {
      const mean = histogram_seconds[i]! / n;
      const spread = Math.max(0, Math.min(mean - (bounds[i - 1] ?? 0), (bounds[i] ?? Infinity) - mean));
      return mean + spread * ((2 * rank) / n - 1);
    }
    rank -= n;
  }
  return undefined;
}
