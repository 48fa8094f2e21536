type Child = Node | string;

/** element makes an element with attributes and children. */
export function element(tag: string, attributes: Record<string, string> = {}, ...children: Child[]): HTMLElement {
  const e = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) e.setAttribute(name, value);
  e.append(...children);
  return e;
}

/** setText writes a text if it has changed, so that selections and screen readers rest. */
export function setText(e: Element, text: string) {
  if (e.textContent !== text) e.textContent = text;
}

/** setList writes the items of a list if they have changed. */
export function setList(list: Element, items: string[]) {
  if (list.childElementCount === items.length && items.every((text, i) => list.children[i]?.textContent === text)) return;
  list.replaceChildren(...items.map((text) => element("li", {}, text)));
}
