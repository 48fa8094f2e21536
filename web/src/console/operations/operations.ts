import "./operations.css";
import { element } from "../dom";
import { DeprecatedView } from "./deprecated";
import { OperationPage } from "./page";
import { RequestTable, recentOf } from "./requests";
import type { Route } from "./route";
import { isSame, type Report, type Slow, type Summaries, type Usage } from "./sample";
import { SpanControl } from "./span";
import { OperationTable } from "./table";
import { Tracker } from "./tracked";

/** Requests and lines of code are read again after detailsEvery seconds, usage after usageEvery. */
const detailsEvery = 2;
const usageEvery = 30;

/** shownRequests bounds the requests of all operations. */
const shownRequests = 20;

/** Operations is the page of the operations, and that of one. */
export class Operations {
  private readonly tracker = new Tracker();
  private readonly span = new SpanControl(() => this.draw());
  private readonly table = new OperationTable(() => this.draw());
  private readonly requests = new RequestTable(true);
  private readonly deprecated = new DeprecatedView();
  private readonly heading = element("h2", { tabindex: "-1" }, "Operations");
  private readonly list = element(
    "div",
    {},
    this.heading,
    element("div", { class: "card" }, this.table.element),
    element("section", { class: "card" }, element("h3", {}, "Recent slow and failed requests"), this.requests.element),
    element("section", { class: "card" }, element("h3", {}, "Deprecated fields in use"), this.deprecated.element),
  );
  private page?: OperationPage;
  private readonly due = { details: 0, usage: 0 };

  /** load reads JSON of the admin listener. */
  constructor(
    private readonly root: HTMLElement,
    private readonly load: (path: string) => Promise<unknown>,
  ) {
    root.append(this.list);
  }

  /** show shows what an address names, and returns its heading. */
  show(route: Route): HTMLElement {
    this.root.hidden = route.page === "nodes";
    this.list.hidden = route.page !== "operations";
    if (route.page !== "operation") {
      this.page?.element.remove();
      this.page = undefined;
    } else if (!this.page || !isSame(this.page.operation, route.operation)) {
      this.page?.element.remove();
      this.page = new OperationPage(route.operation);
      this.root.append(this.page.element);
    }
    const heading = this.page?.heading ?? this.heading;
    heading.after(this.span.element);
    this.due.details = 0;
    this.draw();
    void this.refresh();
    return heading;
  }

  update(sample: Summaries) {
    this.tracker.update(sample);
    this.draw();
    void this.refresh();
  }

  private draw() {
    if (this.root.hidden) return;
    this.span.setLength(this.tracker.seen);
    if (this.page) this.page.update(this.tracker, this.span.value);
    else this.table.update(this.tracker, this.span.value);
  }

  /** refresh reads what events do not have, if it is shown and old. */
  private async refresh() {
    if (this.root.hidden || document.hidden) return;
    const now = performance.now() / 1000;
    try {
      if (now >= this.due.details) {
        this.due.details = now + detailsEvery;
        const [report, slow] = (await Promise.all([this.load("operations"), this.load("slow")])) as [Report, Slow];
        const recent = recentOf(report, slow);
        this.requests.update(recent.slice(0, shownRequests));
        this.page?.updateDetails(report, slow, recent);
      }
      if (!this.page && now >= this.due.usage) {
        this.due.usage = now + usageEvery;
        this.deprecated.update((await this.load("usage?deprecated=true")) as Usage);
      }
    } catch {
      // The stream of events fails as well, and says so.
    }
  }
}
