// Stands in for the package react-style-singleton, which inserts <style> elements: the
// pages' Content-Security-Policy refuses those, and allows constructed style sheets.
import { useEffect } from "react";

/** stylesheetSingleton returns a style sheet that applies between the first add and the last remove. */
export function stylesheetSingleton() {
  const sheet = new CSSStyleSheet();
  let users = 0;
  return {
    add(css: string) {
      if (users++ > 0) return;
      sheet.replaceSync(css);
      document.adoptedStyleSheets.push(sheet);
    },
    remove() {
      if (--users > 0) return;
      document.adoptedStyleSheets = document.adoptedStyleSheets.filter((s) => s !== sheet);
    },
  };
}

export function styleHookSingleton() {
  const sheet = stylesheetSingleton();
  return (css: string, dynamic?: boolean) =>
    useEffect(() => {
      sheet.add(css);
      return sheet.remove;
    }, [css && dynamic]);
}

export function styleSingleton() {
  const useStyle = styleHookSingleton();
  return ({ styles, dynamic }: { styles: string; dynamic?: boolean }) => {
    useStyle(styles, dynamic);
    return null;
  };
}
