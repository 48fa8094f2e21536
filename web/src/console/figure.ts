import { element, setText } from "./dom";
import { Plot } from "./plot";

/** Figure is a name with a value, and a plot of the last minute where it has one. */
export class Figure {
  readonly element: HTMLElement;
  private readonly value = element("dd");
  private readonly plot?: Plot;

  constructor(name: string, plotted = false) {
    this.element = element("div", { class: "figure" }, element("dt", {}, name), this.value);
    if (plotted) {
      this.plot = new Plot();
      this.element.append(element("dd", { class: "plot" }, this.plot.element));
    }
  }

  /** set shows a value, and plots it; without one, the plot has a gap. */
  set(text: string, value?: number) {
    setText(this.value, text);
    this.plot?.add(value);
  }

  /** setAll also draws all values of the last minute. */
  setAll(text: string, values: (number | undefined)[]) {
    setText(this.value, text);
    this.plot?.set(values);
  }
}
