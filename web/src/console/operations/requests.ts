import { element } from "../dom";
import { duration } from "../format";
import { milliseconds } from "./format";
import { hrefOf } from "./route";
import { StageBar } from "./stages";
import { clientName, label, stages, type Operation, type Report, type Request, type Slow } from "./sample";

/** Recent is a slow or failed request, with the line of code that it was sampled at. */
export type Recent = Request & { operation: Operation; line?: string };

/** recentOf returns the slow and failed requests of all operations, the latest first. */
export function recentOf(report: Report, slow: Slow): Recent[] {
  const lines = new Map(slow.recent.map(({ request_id, line }) => [request_id, line]));
  return report.operations
    .flatMap((operation) => operation.recent.map((request) => ({ ...request, operation, line: lines.get(request.request_id) })))
    .toSorted((a, b) => a.age_seconds - b.age_seconds);
}

/** problemOf says in a word why a request is listed. */
export function problemOf({ code, errors }: Request): { text: string; failed: boolean } {
  if (code !== "OK") return { text: code, failed: true };
  if (errors === "null_data") return { text: "data is null", failed: true };
  return errors === "unexecuted" ? { text: errors, failed: true } : { text: "slow", failed: false };
}

/** RequestTable lists slow and failed requests. */
export class RequestTable {
  private readonly body = element("tbody");
  private readonly none = element("p", { class: "about" }, "There was no slow or failed request");
  private readonly region: HTMLElement;
  readonly element: HTMLElement;

  constructor(private readonly withOperation: boolean) {
    const header = (title: string, unit = "", attributes = {}) => element("th", { scope: "col", ...attributes }, title, ...(unit ? [element("small", {}, ` ${unit}`)] : []));
    this.region = element(
      "div",
      { class: "scroll", role: "region", tabindex: "0", "aria-label": "Recent slow and failed requests" },
      element(
        "table",
        { class: "requests" },
        element("caption", { class: "hidden" }, "Recent slow and failed requests, with the time of each stage in milliseconds"),
        element(
          "thead",
          {},
          element(
            "tr",
            {},
            header("Ago"),
            ...(withOperation ? [header("Operation")] : []),
            header("Problem"),
            header("Took", "ms", { class: "number" }),
            ...stages.map((stage) => header(stage, "", { "data-stage": stage, class: "number stage-time" })),
            header("Stages", "", { class: "stage-bar" }),
            header("Node"),
            header("Client"),
            header("Request id"),
            header("Line of code"),
          ),
        ),
        this.body,
      ),
    );
    this.element = element("div", {}, this.region, this.none);
  }

  update(requests: Recent[]) {
    this.none.hidden = requests.length > 0;
    this.region.hidden = requests.length === 0;
    if (this.body.matches(":hover, :focus-within")) return; // rows keep still under the pointer
    this.body.replaceChildren(...requests.map((request) => this.row(request)));
  }

  private row(request: Recent): HTMLElement {
    const { text, failed } = problemOf(request);
    const bar = new StageBar();
    bar.update(request.stage_seconds);
    const cell = (content: string, className = "") => element("td", { class: className }, content);
    return element(
      "tr",
      {},
      cell(request.age_seconds < 1 ? "now" : duration(Math.round(request.age_seconds)), "number"),
      ...(this.withOperation ? [element("th", { scope: "row" }, element("a", { href: hrefOf(request.operation) }, label(request.operation)))] : []),
      cell(text, failed ? "bad" : "slow"),
      cell(milliseconds(request.seconds), "number"),
      ...stages.map((stage) => cell(stageTime(request.stage_seconds[stage]), "number stage-time")),
      element("td", { class: "stage-bar", title: stagesText(request.stage_seconds) }, bar.element, element("span", { class: "hidden" }, stagesText(request.stage_seconds))),
      cell(request.node ?? "–"),
      cell(clientName(request.client)),
      element("td", {}, element("code", {}, request.request_id)),
      element("td", { class: "line", title: request.line ?? "" }, request.line ? element("code", {}, request.line) : "–"),
    );
  }
}

/** stagesText lists the stages that took time worth reading, the longest first. */
export function stagesText(seconds: Record<string, number>): string {
  return stages
    .filter((stage) => stageTime(seconds[stage]))
    .toSorted((a, b) => seconds[b]! - seconds[a]!)
    .map((stage) => `${stage} ${duration(seconds[stage])}`)
    .join(", ");
}

/** stageTime leaves out stages that took no time worth reading. */
function stageTime(seconds = 0): string {
  return seconds < 0.00005 ? "" : milliseconds(seconds);
}
