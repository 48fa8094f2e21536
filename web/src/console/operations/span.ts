import { element, setText } from "../dom";
import { duration } from "../format";

/** Span is the period that figures are of. */
export type Span = "minute" | "start";

/** SpanControl lets operators choose the span. */
export class SpanControl {
  readonly element = element("fieldset", { class: "span" }, element("legend", { class: "hidden" }, "Figures of"));
  private readonly minute = element("span", {}, "Last minute");
  private chosen: Span = "minute";

  constructor(onChange: () => void) {
    for (const [span, text] of [["minute", this.minute], ["start", element("span", {}, "Since the start")]] as const) {
      const input = element("input", { type: "radio", name: "span", value: span }) as HTMLInputElement;
      input.checked = span === this.chosen;
      input.addEventListener("change", () => {
        this.chosen = span;
        onChange();
      });
      this.element.append(element("label", {}, input, text));
    }
  }

  get value(): Span {
    return this.chosen;
  }

  /** setLength says how much of the last minute the page has seen. */
  setLength(seconds: number) {
    setText(this.minute, seconds < 59 ? `Last ${duration(Math.round(seconds))}` : "Last minute");
  }
}
