import { noCounts, subtract, type Counts } from "./counts";

/** span is how many seconds a history has. */
const span = 60;

/** smoothed is how many samples a value of a plot is taken from. */
const smoothed = 5;

/** latest is how many seconds latest_max_seconds covers at least. */
const latest = 2;

/**
 * Period has the counts of the requests that were answered in some seconds. longest is the
 * time of the longest of them, or of the seconds before.
 */
export type Period = { length: number; counts: Counts; longest: number };

type Point = { at: number; counts: Counts };

/** History has the counts of requests in the last minute. */
export class History {
  private points: Point[] = [];

  /** What appears after the page has been opened had no requests before. */
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

  /** last is a period that ends now, or as much of it as there is. */
  last(seconds: number): Period {
    const end = this.points.length - 1;
    const begin = this.points.findIndex(({ at }) => this.points[end]!.at - at <= seconds + 0.5);
    return this.between(Math.min(begin, Math.max(0, end - 1)), end);
  }

  /** minute is the last minute, or as much of it as there is. */
  minute(): Period {
    return this.between(0, this.points.length - 1);
  }

  /** periods are what plots are drawn of, by sample. */
  periods(): Period[] {
    return this.points.slice(1).map((_, i) => this.between(Math.max(0, i + 1 - smoothed), i + 1));
  }

  /** rates are the requests in a second, by sample. */
  rates(): number[] {
    return this.points.slice(1).map((to, i) => {
      const from = this.points[Math.max(0, i + 1 - smoothed)]!;
      return (to.counts.requests - from.counts.requests) / (to.at - from.at);
    });
  }

  private between(begin: number, end: number): Period {
    const from = this.points[begin];
    const to = this.points[end];
    if (!from || !to) return { length: 0, counts: noCounts, longest: 0 };
    return { length: to.at - from.at, counts: subtract(to.counts, from.counts), longest: this.longest(begin, end) };
  }

  /** longest is that of all requests since the start where a sample is missing. */
  private longest(begin: number, end: number): number {
    let longest = 0;
    for (let i = begin + 1; i <= end; i++) {
      const { at, counts } = this.points[i]!;
      if (at - this.points[i - 1]!.at > latest) return this.points[end]!.counts.max_seconds;
      longest = Math.max(longest, counts.latest_max_seconds);
    }
    return longest;
  }
}
