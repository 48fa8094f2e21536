import { element, setText } from "./dom";
import { Figure } from "./figure";
import { bytes, duration, number } from "./format";
import { stateOf, type Node } from "./sample";

/** NodeView shows one node, and drains it. */
export class NodeView {
  readonly element: HTMLElement;
  state = "";
  private readonly badge = element("span", { class: "state" });
  private readonly about = element("p", { class: "about" });
  private readonly warning = element("p", { class: "problem" });
  private readonly button = element("button", { type: "button" }) as HTMLButtonElement;
  private readonly calls = new Figure("calls/s", true);
  private readonly inFlight = new Figure("in flight", true);
  private readonly latency = new Figure("latency", true);
  private before?: number;

  constructor(
    readonly name: string,
    drain: (name: string, verb: "drain" | "undrain") => Promise<void>,
  ) {
    const title = element("h3", {}, name);
    this.element = element(
      "li",
      { class: "node" },
      element("div", { class: "title" }, title, this.badge),
      this.about,
      this.warning,
      element("dl", {}, this.calls.element, this.inFlight.element, this.latency.element),
      this.button,
    );
    this.button.addEventListener("click", () => {
      this.button.disabled = true;
      void drain(name, this.state === "draining" ? "undrain" : "drain").finally(() => (this.button.disabled = false));
    });
  }

  update(node: Node, seconds: number) {
    this.show(stateOf(node));
    const { beam } = node;
    setText(
      this.about,
      [
        node.address,
        node.connected_seconds > 0 ? `for ${duration(node.connected_seconds)}` : "not connected",
        node.schema_hash ? `schema ${node.schema_hash}` : "",
        beam ? `OTP ${beam.otp}, ${bytes(beam.memory_bytes.total)}, run queue ${beam.run_queue}` : "",
      ]
        .filter(Boolean)
        .join(" · "),
    );
    const full = beam?.nearly_full?.length ? `Nearly full: ${beam.nearly_full.join(", ")}` : "";
    setText(this.warning, [node.problem, full].filter(Boolean).join(" · "));
    const rate = Math.max(0, node.calls - (this.before ?? node.calls)) / seconds;
    this.before = node.calls;
    this.calls.set(number(rate), rate);
    this.inFlight.set(number(node.in_flight), node.in_flight);
    this.latency.set(node.latency_ms ? duration(node.latency_ms / 1000) : "–", node.latency_ms);
  }

  /** leave shows that the gateway no longer has the node. */
  leave() {
    this.show("gone");
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
