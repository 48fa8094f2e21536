import type { Counts } from "./counts";
import { Differences, type Difference } from "./differences";
import type { Verb } from "./drain";
import { element, setList, setText } from "./dom";
import { EPMDs } from "./epmds";
import { Figure } from "./figure";
import { number } from "./format";
import { NodeView } from "./node";
import type { App } from "./sample";
import { Traffic, averaged, ofRequests } from "./traffic";

/** goneFor is how long a node that the gateway no longer has stays, in milliseconds. */
const goneFor = 60_000;

/** AppView shows an application, from the frontends to its nodes. */
export class AppView {
  readonly element: HTMLElement;
  private readonly nodes = new Map<string, NodeView>();
  private readonly list = element("ul", { class: "nodes" });
  private readonly found = element("p", { class: "about" });
  private readonly epmds = new EPMDs();
  private readonly problems = element("ul", { class: "problem" });
  private readonly differences: Differences;
  private readonly requests = new Traffic(ofRequests);
  private readonly inFlight = new Figure("calls in flight", number);
  private readonly queued = new Figure("queued", number);

  constructor(
    readonly path: string,
    schema: string,
    private readonly drain: (name: string, verb: Verb) => Promise<void>,
    private readonly tell: (news: string) => void,
    ask: (address: string) => Promise<Response>,
  ) {
    this.differences = new Differences(async (from, to) => {
      const response = await ask(`schemas/diff?${new URLSearchParams({ path, from, to })}`);
      return (await response.json()) as Difference;
    });
    const stage = (name: string, ...content: HTMLElement[]) => element("section", { class: "stage" }, element("h3", {}, name), ...content);
    this.element = element(
      "section",
      { class: "app" },
      element("h2", {}, path, " ", element("small", {}, schema)),
      element("p", { class: "about" }, `Rates, shares and percentiles are of the last ${averaged} seconds, plots of the last minute`),
      element(
        "div",
        { class: "way" },
        stage("Frontends", element("dl", {}, ...this.requests.elements)),
        stage("Gateway", element("dl", {}, this.inFlight.element, this.queued.element)),
        stage("Discovery", this.found, this.epmds.element, this.problems),
      ),
      this.differences.element,
      this.list,
    );
  }

  /** update shows the application. at is the uptime of the gateway in seconds. */
  update(app: App, requests: Counts, bounds: number[], at: number) {
    this.requests.update(at, requests, bounds);
    this.inFlight.add(app.in_flight);
    this.queued.add(app.queued);
    this.differences.update(app.schemas ?? []);
    setText(this.found, `${app.found || "No"} node${app.found === 1 ? "" : "s"} found at ${app.addresses?.join(", ") || "any address"}`);
    this.epmds.update(app.epmds ?? []);
    setList(this.problems, app.problems ?? []);
    this.showNodes(app, at);
  }

  private showNodes(app: App, at: number) {
    for (const node of app.nodes) {
      let view = this.nodes.get(node.name);
      if (!view) {
        view = new NodeView(node.name, this.drain);
        this.nodes.set(node.name, view);
        this.list.append(view.element);
      }
      const former = view.state;
      view.update(node, at);
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
