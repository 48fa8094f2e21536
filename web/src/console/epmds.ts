import { element } from "./dom";
import type { EPMD } from "./sample";

/** EPMDs shows the answers of EPMDs. */
export class EPMDs {
  readonly element = element("ul", { class: "about" });
  private shown = "";

  update(epmds: EPMD[]) {
    const key = JSON.stringify(epmds);
    if (key === this.shown) return;
    this.shown = key;
    this.element.replaceChildren(...epmds.map((epmd) => element("li", {}, element("b", {}, `EPMD ${epmd.address}`), ` ${answerOf(epmd)}`)));
  }
}

/** answerOf says what an EPMD answered. The reason why it did not is a problem of discovery. */
export function answerOf({ names, more, problem }: EPMD): string {
  if (problem) return "does not answer";
  if (!names.length) return "knows no node";
  const list = names.map(({ name, port }) => `${name} at ${port}`);
  return `knows ${[...list, ...(more ? [`${more} more`] : [])].join(", ")}`;
}
