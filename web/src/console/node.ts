import { element, setList, setText } from "./dom";
import type { Verb } from "./drain";
import { Figure } from "./figure";
import { BEAMView, warnings } from "./beam";
import { duration, number } from "./format";
import { callsOf, stateOf, type Node } from "./sample";
import { Traffic, ofCalls } from "./traffic";

/** NodeView shows one node, and drains it. */
export class NodeView {
  readonly element: HTMLElement;
  state = "";
  private readonly badge = element("span", { class: "state" });
  private readonly about = element("p", { class: "about" });
  private readonly reason = element("p", { class: "reason" });
  private readonly warnings = element("ul", { class: "warning" });
  private readonly button = element("button", { type: "button" }) as HTMLButtonElement;
  private readonly inFlight = new Figure("in flight", number);
  private readonly calls = new Traffic(ofCalls);
  private readonly beam = new BEAMView();

  constructor(
    readonly name: string,
    drain: (name: string, verb: Verb) => Promise<void>,
  ) {
    const title = element("h3", {}, name);
    this.element = element(
      "li",
      { class: "node" },
      element("div", { class: "title" }, title, this.badge),
      this.about,
      this.reason,
      this.warnings,
      element("dl", {}, this.inFlight.element, ...this.calls.elements),
      this.beam.element,
      this.button,
    );
    this.button.addEventListener("click", () => {
      this.button.disabled = true;
      void drain(name, this.state === "draining" ? "undrain" : "drain").finally(() => (this.button.disabled = false));
    });
  }

  /** update shows the node. at is the uptime of the gateway in seconds. */
  update(node: Node, at: number) {
    this.show(stateOf(node));
    setText(
      this.about,
      [
        node.address,
        node.connected_seconds > 0 ? `connected for ${duration(node.connected_seconds)}` : "not connected",
        node.schema_hash ? `schema ${node.schema_hash}` : "",
      ]
        .filter(Boolean)
        .join(" · "),
    );
    setText(this.reason, node.problem ?? "");
    setList(this.warnings, warnings(node.beam));
    this.inFlight.add(node.in_flight);
    this.calls.update(at, callsOf(node.ended), node.ended.bounds);
    this.beam.update(node.beam);
  }

  /** leave shows that the gateway no longer has the node. */
  leave() {
    this.show("gone");
    setText(this.about, `gone since ${new Date().toLocaleTimeString()}`);
    setText(this.reason, "neither discovery nor a connection has it any more");
    setList(this.warnings, []);
    this.inFlight.show(undefined, []);
    this.calls.end();
    this.beam.update(undefined);
    this.button.hidden = true;
  }

  private show(state: string) {
    this.state = state;
    this.element.dataset.state = state;
    setText(this.badge, state);
    const verb = state === "draining" ? "Undrain" : "Drain";
    setText(this.button, verb);
    this.button.setAttribute("aria-label", `${verb} ${this.name}`);
    this.button.hidden = false;
  }
}
