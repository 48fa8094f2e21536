/** Counts are those of requests, or of the calls of a node, since the start of the gateway. */
export type Counts = {
  requests: number;
  /** failed ones have an answer without data; calls, no result. */
  failed: number;
  /** with_errors have an answer with errors, with data or without. */
  with_errors: number;
  /** seconds is the time of all requests, stage_seconds by stage. */
  seconds: number;
  stage_seconds: Record<string, number>;
  /** histogram has the requests in each bucket; the last bucket has those above all bounds. */
  histogram: number[];
  /** histogram_seconds has their time. */
  histogram_seconds: number[];
  /** max_seconds is the time of the longest, latest_max_seconds that of the last two to four seconds. */
  max_seconds: number;
  latest_max_seconds: number;
};

export const noCounts: Counts = {
  requests: 0,
  failed: 0,
  with_errors: 0,
  seconds: 0,
  stage_seconds: {},
  histogram: [],
  histogram_seconds: [],
  max_seconds: 0,
  latest_max_seconds: 0,
};

/** subtract returns the counts of the time between two samples. The longest times are those of the later one. */
export function subtract(now: Counts, before: Counts): Counts {
  const difference = (a: number[], b: number[]) => a.map((n, i) => n - (b[i] ?? 0));
  return {
    ...now,
    requests: now.requests - before.requests,
    failed: now.failed - before.failed,
    with_errors: now.with_errors - before.with_errors,
    seconds: now.seconds - before.seconds,
    stage_seconds: Object.fromEntries(Object.entries(now.stage_seconds).map(([stage, n]) => [stage, n - (before.stage_seconds[stage] ?? 0)])),
    histogram: difference(now.histogram, before.histogram),
    histogram_seconds: difference(now.histogram_seconds, before.histogram_seconds),
  };
}
