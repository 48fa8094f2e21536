import { element, setText } from "../dom";
import type { Figures } from "../figures";
import { percent } from "../format";
import { Plot } from "../plot";
import { aligned, milliseconds } from "./format";
import { hrefOf } from "./route";
import { label, type Operation } from "./sample";
import type { Span } from "./span";
import type { Tracked, Tracker } from "./tracked";

const cell = (name = "") => element("td", { class: name, role: "cell" });

/** Row is an operation in the table. */
export class Row {
  readonly element: HTMLElement;
  readonly name: string;
  figures: Figures & { share?: number } = { rate: 0 };
  private readonly path = element("small");
  private readonly plot = new Plot();
  private readonly rate = element("span");
  private readonly errors = cell();
  private readonly failed = cell();
  private readonly p50 = cell("wide");
  private readonly p95 = cell();
  private readonly p99 = cell("wide");
  private readonly share = cell("share");

  constructor(readonly operation: Operation) {
    this.name = label(operation);
    const kind = operation.kind && operation.name ? [element("small", { class: "kind" }, operation.kind), " "] : [];
    this.element = element(
      "tr",
      { role: "row" },
      element("th", { scope: "row", role: "rowheader" }, element("a", { href: hrefOf(operation), title: this.name }, this.name), " ", ...kind, this.path),
      element("td", { class: "rate", role: "cell" }, this.plot.element, this.rate),
      this.errors,
      this.failed,
      this.p50,
      this.p95,
      this.p99,
      this.share,
    );
  }

  /** seconds is the time of all operations. */
  update(tracker: Tracker, operation: Tracked, span: Span, seconds: number, withPath: boolean) {
    const period = tracker.period(operation, span);
    this.figures = { ...tracker.figures(operation, span), share: seconds > 0 ? period.counts.seconds / seconds : undefined };
    this.plot.set(operation.history.rates());
    const { rate, errors, failed, p50, p95, p99, share = 0 } = this.figures;
    setText(this.path, withPath ? operation.summary.path : "");
    setText(this.rate, aligned(rate));
    setText(this.errors, percent(errors));
    this.errors.className = errors ? "slow" : "quiet";
    setText(this.failed, percent(failed));
    this.failed.className = failed ? "bad" : "quiet";
    this.element.classList.toggle("quiet", rate === 0);
    setText(this.p50, milliseconds(p50));
    setText(this.p95, milliseconds(p95));
    setText(this.p99, milliseconds(p99));
    setText(this.share, percent(share));
    this.share.classList.toggle("quiet", share < 0.01);
    this.share.style.setProperty("--share", share.toFixed(3));
  }
}
