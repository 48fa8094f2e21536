const namespace = "http://www.w3.org/2000/svg";
const length = 60;

/** Plot draws the last minute of a value. The value stands beside it as text. */
export class Plot {
  readonly element = document.createElementNS(namespace, "svg");
  private readonly line = document.createElementNS(namespace, "path");
  private values: (number | undefined)[] = [];

  constructor() {
    this.element.setAttribute("viewBox", `0 0 ${length - 1} 20`);
    this.element.setAttribute("preserveAspectRatio", "none");
    this.element.setAttribute("aria-hidden", "true");
    this.element.append(this.line);
  }

  /** add adds a value; undefined leaves a gap. */
  add(value: number | undefined) {
    this.set([...this.values, value]);
  }

  set(values: (number | undefined)[]) {
    this.values = values.slice(-length);
    this.line.setAttribute("d", path(this.values));
  }
}

/** path puts the newest value at the right, and the greatest at the top. */
export function path(values: (number | undefined)[]): string {
  const top = Math.max(...values.map((value) => value ?? 0), Number.MIN_VALUE);
  return values
    .map((value, i) => {
      if (value === undefined) return "";
      const begins = values[i - 1] === undefined;
      return `${begins ? "M" : "L"}${length - values.length + i} ${(19 - (18 * value) / top).toFixed(1)}${begins ? "h0" : ""}`;
    })
    .join("");
}
