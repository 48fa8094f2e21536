import { element, setText } from "../dom";
import { next, sorted, type Order } from "./order";
import { Row } from "./row";
import { label } from "./sample";
import type { Span } from "./span";
import { keyOf, type Tracker } from "./tracked";

/** columns are those of the table. On narrow screens, wide ones are left out. */
const columns = [
  { by: "name", title: "Operation" },
  { by: "rate", title: "Rate", unit: "/s" },
  { by: "errors", title: "Errors", about: "Answers with errors, with data or without" },
  { by: "failed", title: "Failed", about: "Answers without data" },
  { by: "p50", title: "p50", unit: "ms", wide: true },
  { by: "p95", title: "p95", unit: "ms" },
  { by: "p99", title: "p99", unit: "ms", wide: true },
  { by: "share", title: "Time", unit: "share" },
] as const;

type Column = (typeof columns)[number]["by"];

/**
 * OperationTable lists the operations. On narrow screens its rows are grids, which takes the
 * roles of tables from elements in some browsers, so they are given.
 */
export class OperationTable {
  readonly element: HTMLElement;
  private readonly rows = new Map<string, Row>();
  private readonly body = element("tbody", { role: "rowgroup" });
  private readonly none = element("p", { class: "about" });
  private readonly filter = element("input", { type: "search", placeholder: "Filter", "aria-label": "Filter operations by name" }) as HTMLInputElement;
  private readonly headers = new Map<Column, HTMLElement>();
  private order: Order<Column> = { by: "share", descending: true };

  constructor(onChange: () => void) {
    const header = element("tr", { role: "row" });
    for (const column of columns) {
      const button = element("button", { type: "button", ..."about" in column && { title: column.about } }, column.title, ..."unit" in column ? [element("small", {}, ` ${column.unit}`)] : []);
      const cell = element("th", { scope: "col", role: "columnheader", ..."wide" in column && { class: "wide" } }, button);
      button.addEventListener("click", () => {
        this.order = next(this.order, column.by, column.by === "name");
        this.sort();
      });
      this.headers.set(column.by, cell);
      header.append(cell);
    }
    this.filter.addEventListener("input", onChange);
    this.element = element(
      "div",
      {},
      this.filter,
      element(
        "div",
        { class: "scroll", role: "region", tabindex: "0", "aria-label": "Operations" },
        element("table", { class: "operations", role: "table" }, element("caption", { class: "hidden" }, "Operations; the headers sort them"), element("thead", { role: "rowgroup" }, header), this.body),
      ),
      this.none,
    );
  }

  update(tracker: Tracker, span: Span) {
    const paths = new Set([...tracker.operations.values()].map(({ summary }) => summary.path));
    const seconds = [...tracker.operations.values()].reduce((sum, operation) => sum + tracker.period(operation, span).counts.seconds, 0);
    for (const [key, operation] of tracker.operations) {
      let row = this.rows.get(key);
      if (!row) {
        row = new Row(operation.summary);
        this.rows.set(key, row);
        this.body.append(row.element);
      }
      row.update(tracker, operation, span, seconds, paths.size > 1);
      row.element.hidden = !label(operation.summary).toLowerCase().includes(this.filter.value.toLowerCase());
    }
    for (const [key, row] of this.rows) {
      if (tracker.operations.has(key)) continue;
      row.element.remove();
      this.rows.delete(key);
    }
    const shown = [...this.rows.values()].some((row) => !row.element.hidden);
    setText(this.none, shown ? "" : this.rows.size > 0 ? "No operation has this in its name" : "There was no request yet");
    if (!this.body.matches(":hover, :focus-within")) this.sort(); // rows keep still under the pointer
  }

  private sort() {
    const { by, descending } = this.order;
    for (const [column, cell] of this.headers) cell.setAttribute("aria-sort", column !== by ? "none" : descending ? "descending" : "ascending");
    const rows = sorted([...this.rows.values()], (row) => (by === "name" ? row.name : row.figures[by]), descending, (row) => row.name + keyOf(row.operation));
    if (rows.some((row, i) => this.body.children[i] !== row.element)) this.body.append(...rows.map((row) => row.element));
  }
}
