import { element, setText } from "./dom";
import { Plot, greatest } from "./plot";

/** Figure is a name with a value, and a plot of the last minute with its greatest value. */
export class Figure {
  readonly element: HTMLElement;
  private readonly value = element("dd");
  private readonly scale = element("small");
  private readonly plot = new Plot();

  constructor(
    name: string,
    private readonly format: (value: number) => string,
  ) {
    this.element = element("div", { class: "figure" }, element("dt", {}, name), this.value, element("dd", { class: "plot" }, this.scale, this.plot.element));
  }

  /** add shows a value, and adds it to the plot; undefined leaves a gap. */
  add(value: number | undefined) {
    this.show(value, [...this.plot.values, value]);
  }

  /** show shows a value, and plots the values of the last minute. */
  show(value: number | undefined, plotted: (number | undefined)[]) {
    setText(this.value, value === undefined ? "–" : this.format(value));
    this.plot.set(plotted);
    const top = greatest(this.plot.values);
    setText(this.scale, top > 0 ? `max ${this.format(top)}` : "");
  }
}
