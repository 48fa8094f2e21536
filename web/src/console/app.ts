import { element, setText } from "./dom";
import { Figure } from "./figure";
import { duration, number, percent } from "./format";
import { NodeView } from "./node";
import { ratesOf } from "./rates";
import type { App, Requests } from "./sample";

/** goneFor is how long a node that the gateway no longer has stays, in milliseconds. */
const goneFor = 60_000;

/** AppView shows an application, from the frontends to its nodes. */
export class AppView {
  readonly element: HTMLElement;
  private readonly nodes = new Map<string, NodeView>();
  private readonly list = element("ul", { class: "nodes" });
  private readonly found = element("p", { class: "about" });
  private readonly problems = element("ul", { class: "problem" });
  private readonly schemas = element("p", { class: "problem" });
  private readonly rate = new Figure("requests/s", true);
  private readonly errors = new Figure("errors", true);
  private readonly percentiles = { p50: new Figure("p50", true), p95: new Figure("p95", true), p99: new Figure("p99", true) };
  private readonly inFlight = new Figure("calls in flight", true);
  private readonly queued = new Figure("queued", true);
  private before?: Requests;

  constructor(
    readonly path: string,
    schema: string,
    private readonly drain: (name: string, verb: "drain" | "undrain") => Promise<void>,
    private readonly tell: (news: string) => void,
  ) {
    const stage = (name: string, ...content: HTMLElement[]) => element("section", { class: "stage" }, element("h3", {}, name), ...content);
    this.element = element(
      "section",
      { class: "app" },
      element("h2", {}, path, " ", element("small", {}, schema)),
      element(
        "div",
        { class: "way" },
        stage("Frontends", element("dl", {}, this.rate.element, this.errors.element, ...Object.values(this.percentiles).map((f) => f.element))),
        stage("Gateway", element("dl", {}, this.inFlight.element, this.queued.element), this.schemas),
        stage("Discovery", this.found, this.problems),
      ),
      this.list,
    );
  }

  update(app: App, requests: Requests | undefined, seconds: number) {
    if (requests) {
      const rates = ratesOf(this.before ?? requests, requests, seconds);
      this.before = requests;
      this.rate.set(number(rates.perSecond), rates.perSecond);
      this.errors.set(percent(rates.errors), rates.errors);
      for (const name of ["p50", "p95", "p99"] as const) this.percentiles[name].set(duration(rates[name]), rates[name] ?? 0);
    }
    this.inFlight.set(number(app.in_flight), app.in_flight);
    this.queued.set(number(app.queued), app.queued);
    const differing = app.schemas?.length ?? 0;
    setText(this.schemas, differing > 1 ? `The nodes have ${differing} different schemas` : "");
    setText(this.found, `${app.found} node${app.found === 1 ? "" : "s"} found at ${app.addresses?.join(", ") || "no address"}`);
    this.showProblems(app.problems ?? []);
    this.showNodes(app, seconds);
  }

  private showProblems(problems: string[]) {
    if (this.problems.childElementCount !== problems.length || problems.some((text, i) => this.problems.children[i]?.textContent !== text)) {
      this.problems.replaceChildren(...problems.map((text) => element("li", {}, text)));
    }
  }

  private showNodes(app: App, seconds: number) {
    for (const node of app.nodes) {
      let view = this.nodes.get(node.name);
      if (!view) {
        view = new NodeView(node.name, this.drain);
        this.nodes.set(node.name, view);
        this.list.append(view.element);
      }
      const former = view.state;
      view.update(node, seconds);
      if (former && former !== view.state) this.tell(`${node.name} is ${view.state}, was ${former}`);
    }
    for (const [name, view] of this.nodes) {
      if (view.state === "gone" || app.nodes.some((node) => node.name === name)) continue;
      view.leave();
      this.tell(`${name} is gone`);
      setTimeout(() => {
        if (view.state !== "gone") return;
        view.element.remove();
        this.nodes.delete(name);
      }, goneFor);
    }
  }
}
