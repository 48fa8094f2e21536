import { figuresOf, type Figures } from "../figures";
import { History, type Period } from "../history";
import type { Operation, Summaries, Summary } from "./sample";
import type { Span } from "./span";

/** Tracked is an operation with its counts so far. */
export type Tracked = { summary: Summary; history: History };

export const keyOf = ({ path, kind, name }: Operation) => JSON.stringify([path, kind, name]);

/** Tracker keeps the counts of all operations that the gateway has. */
export class Tracker {
  readonly operations = new Map<string, Tracked>();
  bounds: number[] = [];
  private uptime?: number;
  private began = 0;

  update(sample: Summaries) {
    if (this.uptime === undefined || sample.uptime_seconds < this.uptime) this.began = sample.uptime_seconds;
    this.bounds = sample.bounds;
    const present = new Set<string>();
    for (const summary of sample.operations) {
      const key = keyOf(summary);
      present.add(key);
      const history = this.operations.get(key)?.history ?? new History(this.uptime);
      history.add(sample.uptime_seconds, summary);
      this.operations.set(key, { summary, history });
    }
    for (const key of this.operations.keys()) if (!present.has(key)) this.operations.delete(key);
    this.uptime = sample.uptime_seconds;
  }

  /** seen is how long the page has been open, in seconds. */
  get seen(): number {
    return (this.uptime ?? 0) - this.began;
  }

  period({ summary, history }: Tracked, span: Span): Period {
    return span === "minute" ? history.minute() : { length: this.uptime ?? 0, counts: summary, longest: summary.max_seconds };
  }

  figures(operation: Tracked, span: Span): Figures {
    return figuresOf(this.period(operation, span), this.bounds);
  }

  /** plotted are the figures of the last minute, by sample. */
  plotted({ history }: Tracked): Figures[] {
    return history.periods().map((period) => figuresOf(period, this.bounds));
  }
}
