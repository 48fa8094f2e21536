import { element, setText } from "./dom";

/** Difference is what /schemas/diff answers. */
export type Difference = { from: NodesSchema; to: NodesSchema; changes: Change[]; more?: number };
type NodesSchema = { hash: string; nodes: string[] | null };
type Change = { severity: string; kind: string; path: string; message: string };

/** Differences shows how the schemas of nodes differ from that of most nodes. */
export class Differences {
  readonly element: HTMLElement;
  private readonly title = element("h3");
  private readonly shown = new Map<string, HTMLElement>();

  constructor(private readonly ask: (from: string, to: string) => Promise<Difference>) {
    this.element = element("section", { class: "differences" }, this.title);
    this.element.hidden = true;
  }

  /** update takes the hashes of the schemas, that of most nodes first. */
  update([common, ...others]: string[]) {
    this.element.hidden = !others.length;
    setText(this.title, `The nodes have ${others.length + 1} different schemas`);
    const pairs = new Map(others.map((other) => [`${common} ${other}`, [common!, other] as const]));
    for (const [key, view] of this.shown) {
      if (pairs.has(key)) continue;
      view.remove();
      this.shown.delete(key);
    }
    for (const [key, [from, to]] of pairs) {
      if (this.shown.has(key)) continue;
      const view = this.pair(from, to);
      this.shown.set(key, view);
      this.element.append(view);
    }
  }

  private pair(from: string, to: string): HTMLElement {
    const content = element("div", {});
    const view = element("details", {}, element("summary", {}, `Schema ${to} differs from ${from}`), content);
    view.addEventListener("toggle", () => {
      if (!(view as HTMLDetailsElement).open) return;
      setText(content, "Comparing …");
      this.ask(from, to).then(
        (difference) => content.replaceChildren(...describe(difference)),
        (error) => setText(content, `${error}`),
      );
    });
    return view;
  }
}

const effects: Record<string, string> = {
  breaking: "Breaking: valid operations may be refused",
  dangerous: "Dangerous: clients may get unexpected answers",
  safe: "Safe",
};

/** describe lists the changes by their effect on clients, the worst first. */
function describe({ from, to, changes, more }: Difference): HTMLElement[] {
  const have = ({ hash, nodes }: NodesSchema) => `${hash}: ${nodes?.join(", ") || "no node any more"}`;
  const parts = [element("p", { class: "about" }, `From ${have(from)}. To ${have(to)}.`)];
  for (const [severity, changed] of bySeverity(changes)) {
    parts.push(
      element("h4", { class: severity }, `${effects[severity] ?? severity} (${changed.length})`),
      element("ul", {}, ...changed.map((change) => element("li", { title: change.kind }, change.message))),
    );
  }
  if (more) parts.push(element("p", { class: "about" }, `${more} more changes are left out.`));
  if (!changes.length) parts.push(element("p", { class: "about" }, "Only descriptions or the order of definitions differ."));
  return parts;
}

/** bySeverity groups changes, in their order. */
export function bySeverity(changes: Change[]): Map<string, Change[]> {
  const groups = new Map<string, Change[]>();
  for (const change of changes) groups.set(change.severity, [...(groups.get(change.severity) ?? []), change]);
  return groups;
}
