import type { Operation } from "./sample";

/** Route is what the fragment of the address shows. */
export type Route = { page: "nodes" | "operations" } | { page: "operation"; operation: Operation };

/** routeOf reads a fragment. The nodes are shown for one that it does not know. */
export function routeOf(hash: string): Route {
  const [page, query] = hash.replace(/^#/, "").split("?", 2);
  if (page === "operations") return { page };
  if (page !== "operation") return { page: "nodes" };
  const of = new URLSearchParams(query);
  return { page, operation: { path: of.get("path") ?? "", kind: of.get("kind") ?? "", name: of.get("name") ?? "" } };
}

/** hrefOf returns the fragment of an operation's page. */
export function hrefOf({ path, kind, name }: Operation): string {
  return `#operation?${new URLSearchParams({ path, kind, name })}`;
}
