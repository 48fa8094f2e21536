import type { Counts } from "./counts";
import { Figure } from "./figure";
import { figuresOf, type Figures } from "./figures";
import { duration, number, percent } from "./format";
import { History } from "./history";

/** averaged is how many seconds the figures are of. */
export const averaged = 10;

/** Names are those of the figures that differ between requests and calls. */
type Names = Partial<Record<keyof Figures, string>>;

export const ofRequests: Names = { rate: "requests/s", errors: "with errors", failed: "failed" };
export const ofCalls: Names = { rate: "calls/s", failed: "calls failed" };

/** Traffic shows rate, failures and percentiles of the duration of requests or calls. */
export class Traffic {
  readonly elements: HTMLElement[];
  private readonly figures: [keyof Figures, Figure][];
  private history = new History();

  constructor(names: Names) {
    const formats = { rate: number, errors: percent, failed: percent, p50: duration, p95: duration, p99: duration };
    this.figures = Object.entries({ ...names, p50: "p50", p95: "p95", p99: "p99" }).map(([by, name]) => {
      const key = by as keyof Figures;
      return [key, new Figure(name, formats[key])];
    });
    this.elements = this.figures.map(([, figure]) => figure.element);
  }

  /** update adds the counts so far. at is the uptime of the gateway in seconds. */
  update(at: number, counts: Counts, bounds: number[]) {
    this.history.add(at, counts);
    this.show(figuresOf(this.history.last(averaged), bounds), this.history.periods().map((period) => figuresOf(period, bounds)));
  }

  /** end shows that there are no values any more. */
  end() {
    this.history = new History();
    this.show({}, []);
  }

  private show(now: Partial<Figures>, plotted: Figures[]) {
    for (const [by, figure] of this.figures) figure.show(now[by], plotted.map((figures) => figures[by]));
  }
}
