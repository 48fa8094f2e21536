import { element, setText } from "../dom";
import { Figure } from "../figure";
import type { Figures } from "../figures";
import { duration, number, percent } from "../format";
import { HistogramView } from "./histogram";
import { LinesView } from "./lines";
import { RequestTable, type Recent } from "./requests";
import { isSame, label, type Operation, type Report, type Slow } from "./sample";
import type { Span } from "./span";
import { StagesView } from "./stages";
import { keyOf, type Tracker } from "./tracked";

/** OperationPage shows one operation. */
export class OperationPage {
  readonly heading: HTMLElement;
  readonly element: HTMLElement;
  private readonly about = element("p", { class: "about" });
  private problems = "";
  private readonly figures = {
    rate: new Figure("requests/s", number),
    errors: new Figure("with errors", percent),
    failed: new Figure("failed", percent),
    p50: new Figure("p50", duration),
    p95: new Figure("p95", duration),
    p99: new Figure("p99", duration),
  };
  private readonly histogram = new HistogramView();
  private readonly stages = new StagesView();
  private readonly lines = new LinesView();
  private readonly requests = new RequestTable(false);

  constructor(readonly operation: Operation) {
    this.heading = element("h2", { tabindex: "-1" }, label(operation), " ", element("small", {}, [operation.name && operation.kind, operation.path].filter(Boolean).join(" · ")));
    const part = (name: string, className: string, ...content: HTMLElement[]) => element("section", { class: `card ${className}` }, element("h3", {}, name), ...content);
    this.element = element(
      "div",
      { class: "operation" },
      element("a", { href: "#operations", class: "back" }, "All operations"),
      this.heading,
      this.about,
      element("dl", { class: "card" }, ...Object.values(this.figures).map((figure) => figure.element)),
      part("Latency", "latency", this.histogram.element),
      part("Stages", "time", this.stages.element),
      part("Where slow calls hang", "code", this.lines.element),
      part("Recent slow and failed requests", "recent", this.requests.element),
    );
  }

  update(tracker: Tracker, span: Span) {
    const operation = tracker.operations.get(keyOf(this.operation));
    if (!operation) {
      setText(this.about, "The gateway has no figures of this operation");
      return;
    }
    const { summary } = operation;
    const count = (n: number) => n.toLocaleString("en");
    setText(this.about, `${count(summary.requests)} requests since the start · ${count(summary.slow)} slow · ${count(summary.failed)} failed${this.problems}`);
    const period = tracker.period(operation, span);
    const figures = tracker.figures(operation, span);
    const plotted = tracker.plotted(operation);
    for (const [by, figure] of Object.entries(this.figures)) figure.show(figures[by as keyof Figures], plotted.map((then) => then[by as keyof Figures]));
    this.histogram.update(tracker.bounds, period.counts.histogram, figures);
    this.stages.update(period.counts);
  }

  updateDetails(report: Report, slow: Slow, recent: Recent[]) {
    const profile = slow.operations.find(({ path, operation = "" }) => path === this.operation.path && operation === this.operation.name);
    this.lines.update(profile?.samples ?? 0, profile?.lines ?? []);
    this.requests.update(recent.filter((request) => isSame(request.operation, this.operation)));
    const problems = Object.entries(report.operations.find((operation) => isSame(operation, this.operation))?.problems ?? {});
    this.problems = problems
      .toSorted(([, a], [, b]) => b - a)
      .map(([problem, requests]) => ` · ${problem} ${requests.toLocaleString("en")}`)
      .join("");
  }
}
