import type { App } from "./sample";

export type Verb = "drain" | "undrain";

/** emptied returns the paths of the applications in which no node but this one gets calls. */
export function emptied(apps: App[], name: string): string[] {
  return apps.flatMap(({ path, nodes }) => {
    const called = nodes.filter(({ state }) => state === "connected" || state === "unlisted");
    return called.length > 0 && called.every((node) => node.name === name) ? [path] : [];
  });
}

/** question asks before a node is drained without which applications have none. */
export const question = (name: string, paths: string[]) =>
  `${name} is the only node that gets calls of ${paths.join(" and ")}. While it is drained and no other node is up, clients get 503.`;
