import { element, setText } from "../dom";
import { percent } from "../format";
import type { Counts } from "../counts";
import { milliseconds } from "./format";
import { stages } from "./sample";

/** StagesView shows in which stages the time of requests goes: as a bar, and in numbers. */
export class StagesView {
  private readonly bar = new StageBar();
  private readonly rows = stages.map((stage) => {
    const cells = { mean: element("td"), share: element("td") };
    return { stage, ...cells, element: element("tr", {}, element("th", { scope: "row", "data-stage": stage }, stage), cells.mean, cells.share) };
  });
  readonly element = element(
    "div",
    {},
    this.bar.element,
    element(
      "table",
      { class: "stages" },
      element("thead", {}, element("tr", {}, ...["Stage", "Mean ms", "Share"].map((title) => element("th", { scope: "col" }, title)))),
      element("tbody", {}, ...this.rows.map((row) => row.element)),
    ),
  );

  update({ requests, seconds, stage_seconds }: Counts) {
    this.bar.update(stage_seconds);
    for (const { stage, mean, share } of this.rows) {
      const time = stage_seconds[stage] ?? 0;
      setText(mean, milliseconds(requests > 0 ? time / requests : undefined));
      setText(share, seconds > 0 ? percent(time / seconds) : "–");
    }
  }
}

/** StageBar shows shares of stages. The numbers stand beside it as text. */
export class StageBar {
  private readonly parts = stages.map((stage) => element("span", { "data-stage": stage }));
  readonly element = element("div", { class: "bar", "aria-hidden": "true" }, ...this.parts);

  update(seconds: Record<string, number>) {
    const all = stages.reduce((sum, stage) => sum + (seconds[stage] ?? 0), 0) || 1;
    for (const [i, stage] of stages.entries()) this.parts[i]!.style.width = `${(100 * (seconds[stage] ?? 0)) / all}%`;
  }
}
