const namespace = "http://www.w3.org/2000/svg";
const length = 60;

/** Plot draws the last minute of a value. The value stands beside it as text. */
export class Plot {
  readonly element = document.createElementNS(namespace, "svg");
  private readonly line = document.createElementNS(namespace, "polyline");
  private readonly values: number[] = [];

  constructor() {
    this.element.setAttribute("viewBox", `0 0 ${length - 1} 20`);
    this.element.setAttribute("preserveAspectRatio", "none");
    this.element.setAttribute("aria-hidden", "true");
    this.element.append(this.line);
  }

  add(value: number) {
    this.values.push(value);
    if (this.values.length > length) this.values.shift();
    this.line.setAttribute("points", points(this.values));
  }
}

/** points puts the newest value at the right, and the greatest at the top. */
export function points(values: number[]): string {
  const top = Math.max(...values, Number.MIN_VALUE);
  return values.map((value, i) => `${length - values.length + i},${(19 - (18 * value) / top).toFixed(1)}`).join(" ");
}
