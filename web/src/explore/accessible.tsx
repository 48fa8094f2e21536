import { useEditorContext } from "@graphiql/react";
import { useEffect } from "react";

/** AccessibleEditors gives the editors names for screen readers, and lets Tab leave them. */
export function AccessibleEditors() {
  const { queryEditor, variableEditor, headerEditor, responseEditor } = useEditorContext({ nonNull: true });
  useEffect(() => {
    const editors = { Operations: queryEditor, "Variables, JSON": variableEditor, "Headers, JSON": headerEditor, Response: responseEditor };
    for (const [name, editor] of Object.entries(editors)) {
      editor?.setOption("screenReaderLabel", name);
      editor?.addKeyMap({ Tab: false, "Shift-Tab": false });
    }
  }, [queryEditor, variableEditor, headerEditor, responseEditor]);
  return null;
}

/**
 * correctRoles turns the tabs of GraphiQL into a list of buttons, because screen readers
 * cannot reach the buttons in a tab, and names items of the history by their text.
 */
export function correctRoles(root: HTMLElement) {
  const correct = () => {
    for (const list of root.querySelectorAll('ul[role="tablist"]')) list.removeAttribute("role");
    for (const item of root.querySelectorAll('li[role="tab"]')) item.removeAttribute("role");
    for (const item of root.querySelectorAll(".graphiql-history-item-label[aria-label]")) item.removeAttribute("aria-label");
    for (const item of root.querySelectorAll("li[aria-selected]")) {
      item.querySelector("button")?.setAttribute("aria-current", item.getAttribute("aria-selected")!);
      item.removeAttribute("aria-selected");
    }
  };
  new MutationObserver(correct).observe(root, { subtree: true, childList: true, attributeFilter: ["role", "aria-selected", "aria-label"] });
}
