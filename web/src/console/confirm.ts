import { element } from "./dom";

/** confirm asks a question in a dialog, and returns whether the answer is yes. */
export function confirm(question: string, yes: string): Promise<boolean> {
  const text = element("p", { id: "question" }, question);
  const buttons = { no: element("button", { type: "button", autofocus: "" }, "Cancel"), yes: element("button", { type: "button", class: "bad" }, yes) };
  const dialog = element("dialog", { "aria-labelledby": text.id }, text, buttons.no, " ", buttons.yes) as HTMLDialogElement;
  buttons.no.addEventListener("click", () => dialog.close());
  buttons.yes.addEventListener("click", () => dialog.close("yes"));
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    });
  });
}
