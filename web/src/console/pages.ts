import type { Operations } from "./operations/operations";
import { routeOf } from "./operations/route";
import { label } from "./operations/sample";

/** Pages shows the page that the fragment of the address names. */
export class Pages {
  constructor(
    private readonly nodes: HTMLElement,
    private readonly operations: Operations,
  ) {
    this.show();
    addEventListener("hashchange", () => this.show().focus());
  }

  /** show returns the heading of the page, which gets the focus when the page changes. */
  private show(): HTMLElement {
    const route = routeOf(location.hash);
    this.nodes.hidden = route.page !== "nodes";
    const heading = this.operations.show(route);
    for (const link of document.querySelectorAll("nav a")) {
      const current = link.getAttribute("href") === (route.page === "nodes" ? "#nodes" : "#operations");
      if (current) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    const title = route.page === "operation" ? label(route.operation) : route.page === "operations" ? "Operations" : "Nodes";
    document.title = `${title} · Louche`;
    return route.page === "nodes" ? this.nodes : heading;
  }
}
