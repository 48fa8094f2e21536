const namespace = "http://www.w3.org/2000/svg";
const length = 60;

/** Plot draws the last minute of a value. The present value and the greatest one stand beside it as text. */
export class Plot {
  readonly element = document.createElementNS(namespace, "svg");
  private readonly line = document.createElementNS(namespace, "path");
  values: (number | undefined)[] = [];

  constructor() {
    this.element.setAttribute("viewBox", `0 0 ${length - 1} 20`);
    this.element.setAttribute("preserveAspectRatio", "none");
    this.element.setAttribute("aria-hidden", "true");
    this.element.append(this.line);
  }

  /** set draws values; undefined leaves a gap. */
  set(values: (number | undefined)[]) {
    this.values = values.slice(-length);
    this.line.setAttribute("d", path(this.values));
  }
}

/** greatest returns the greatest value; 0: there is none. */
export const greatest = (values: (number | undefined)[]) => Math.max(0, ...values.map((value) => value ?? 0));

/** path puts the newest value at the right, and the greatest at the top. */
export function path(values: (number | undefined)[]): string {
  const top = greatest(values) || 1;
  return values
    .map((value, i) => {
      if (value === undefined) return "";
      const begins = values[i - 1] === undefined;
      return `${begins ? "M" : "L"}${length - values.length + i} ${(19 - (18 * value) / top).toFixed(1)}${begins ? "h0" : ""}`;
    })
    .join("");
}
