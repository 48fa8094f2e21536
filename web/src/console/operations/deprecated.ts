import { element } from "../dom";
import { clientName, type Usage } from "./sample";

/** DeprecatedView lists the deprecated parts of schemas that clients use. */
export class DeprecatedView {
  private readonly body = element("tbody");
  private readonly none = element("p", { class: "about" });
  private readonly table = element(
    "div",
    { class: "scroll", role: "region", tabindex: "0", "aria-label": "Deprecated fields in use" },
    element(
      "table",
      {},
      element("caption", { class: "hidden" }, "Deprecated fields in use"),
      element(
        "thead",
        {},
        element("tr", {}, ...["Field", "Requests", "Clients", "Operations", "Reason"].map((title) => element("th", { scope: "col", class: title === "Requests" ? "number" : "" }, title))),
      ),
      this.body,
    ),
  );
  readonly element = element("div", {}, this.table, this.none);

  update({ apps }: Usage) {
    const used = apps.flatMap((app) => app.used);
    this.table.hidden = used.length === 0;
    this.none.hidden = used.length > 0;
    this.none.textContent = apps.length > 0 ? "No client uses a deprecated field" : "Usage is not counted; contract.usage turns it on";
    const requests = (n: number) => n.toLocaleString("en");
    this.body.replaceChildren(
      ...used.map((field) =>
        element(
          "tr",
          {},
          element("th", { scope: "row" }, element("code", {}, field.path)),
          element("td", { class: "number" }, requests(field.requests)),
          element("td", {}, field.clients.map((client) => `${clientName(client)} (${requests(client.requests)})`).join(", ")),
          element("td", {}, field.operations.map(({ name }) => name || "anonymous").join(", ")),
          element("td", {}, field.reason ?? ""),
        ),
      ),
    );
  }
}
