import { element } from "../dom";
import { percent } from "../format";

/** LinesView lists the lines of code that slow calls of an operation were sampled at. */
export class LinesView {
  private readonly list = element("ol", { class: "lines" });
  private readonly none = element("p", { class: "about" }, "No slow call was sampled");
  readonly element = element("div", {}, this.list, this.none);

  update(samples: number, lines: { line: string; samples: number }[]) {
    this.none.hidden = lines.length > 0;
    this.list.replaceChildren(
      ...lines.map((at) => {
        const share = at.samples / samples;
        const item = element("li", {}, element("span", { class: "number" }, percent(share)), element("code", {}, at.line), element("small", {}, samplesText(at.samples)));
        item.style.setProperty("--share", share.toFixed(3));
        return item;
      }),
    );
  }
}

const samplesText = (n: number) => `${n} sample${n === 1 ? "" : "s"}`;
