import { Figure } from "./figure";
import { duration, number, percent } from "./format";
import { ratesOf } from "./rates";
import type { Requests } from "./sample";

/** Traffic shows rate, failures and percentiles of the duration of requests or calls. */
export class Traffic {
  readonly elements: HTMLElement[];
  private readonly rate: Figure;
  private readonly errors = new Figure("failed", true);
  private readonly percentiles = { p50: new Figure("p50", true), p95: new Figure("p95", true), p99: new Figure("p99", true) };
  private before?: Requests;

  constructor(rate: string) {
    this.rate = new Figure(rate, true);
    this.elements = [this.rate, this.errors, ...Object.values(this.percentiles)].map((figure) => figure.element);
  }

  update(now: Requests, seconds: number) {
    const rates = ratesOf(this.before ?? now, now, seconds);
    this.before = now;
    this.rate.set(number(rates.perSecond), rates.perSecond);
    this.errors.set(percent(rates.errors), rates.errors);
    for (const name of ["p50", "p95", "p99"] as const) this.percentiles[name].set(duration(rates[name]), rates[name]);
  }

  /** end shows that there are no values any more. */
  end() {
    for (const figure of [this.rate, this.errors, ...Object.values(this.percentiles)]) figure.set("–");
  }
}
