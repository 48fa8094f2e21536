import { element } from "../dom";
import { duration } from "../format";
import { bound } from "./format";
import type { Figures } from "../figures";

/** Bar is a bucket of a histogram. */
export type Bar = { from: number; to?: number; requests: number };

/** least is the number of bars of a drawing, so that few do not become blocks. */
const least = 12;

/** bars leaves out the empty buckets at both ends. */
export function bars(bounds: number[], histogram: number[]): Bar[] {
  let first = histogram.findIndex((n) => n > 0);
  if (first < 0) return [];
  let last = histogram.findLastIndex((n) => n > 0);
  while (last - first + 1 < Math.min(least, histogram.length)) {
    if (last + 1 < histogram.length) last++;
    if (first > 0) first--;
  }
  const all = histogram.map((requests, i) => ({ from: bounds[i - 1] ?? 0, to: bounds[i], requests }));
  return all.slice(first, last + 1);
}

/** position is where a duration is among bars, from 0 to 1; undefined: at none. */
export function position(seconds: number, bars: Bar[]): number | undefined {
  const at = bars.findIndex(({ from, to }) => seconds >= from && (to === undefined || seconds <= to));
  const bar = bars[at];
  if (!bar) return undefined;
  const within = bar.to === undefined ? 0 : (seconds - bar.from) / (bar.to - bar.from);
  return (at + within) / bars.length;
}

/** HistogramView draws the durations of requests, with their percentiles. */
export class HistogramView {
  private readonly list = element("ol", { class: "bars" });
  private readonly marks = element("div", { class: "marks", "aria-hidden": "true" });
  private readonly none = element("p", { class: "about" }, "There was no request");
  readonly element = element("div", { class: "histogram" }, this.marks, this.list, this.none);
  private drawn = "";

  update(bounds: number[], histogram: number[], figures: Figures) {
    const now = JSON.stringify([histogram, figures.p50]);
    if (now === this.drawn) return;
    this.drawn = now;
    const shown = bars(bounds, histogram);
    const most = Math.max(...shown.map((bar) => bar.requests));
    this.none.hidden = shown.length > 0;
    this.list.hidden = shown.length === 0;
    this.list.replaceChildren(...shown.map((bar) => drawBar(bar, most, isLabelled(bar.from, shown.length))));
    this.marks.replaceChildren(
      ...(["p50", "p95", "p99"] as const).flatMap((name) => {
        const at = figures[name] === undefined ? undefined : position(figures[name], shown);
        if (at === undefined) return [];
        const mark = element("span", { class: at > 0.8 ? `${name} left` : name }, element("b", {}, `${name} ${duration(figures[name])}`));
        mark.style.setProperty("--at", at.toFixed(4));
        return [mark];
      }),
    );
  }
}

/** isLabelled: bars that begin at 1, 10, 100 … have a label, and those at 2 and 5 if there is room. */
export function isLabelled(from: number, bars: number): boolean {
  const digit = Number(from.toExponential(1).slice(0, 3));
  return digit === 1 || (bars <= 14 && (digit === 2 || digit === 5));
}

function drawBar({ from, to, requests }: Bar, most: number, labelled: boolean): HTMLElement {
  const text = to === undefined ? `more than ${bound(from)}` : `${bound(from)} to ${bound(to)}`;
  const column = element("span", { class: "column" });
  column.style.setProperty("--height", (requests / most).toFixed(4));
  return element(
    "li",
    { title: `${text}: ${requests.toLocaleString("en")}` },
    column,
    element("span", { class: "tick", "aria-hidden": "true" }, labelled ? bound(from) : ""),
    element("span", { class: "hidden" }, `${text}: ${requests.toLocaleString("en")} request${requests === 1 ? "" : "s"}`),
  );
}
