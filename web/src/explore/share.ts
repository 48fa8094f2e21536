/** Shared is an operation that a link carries. Headers are left out: they have credentials. */
export type Shared = { query?: string; variables?: string; operationName?: string };

const names = ["query", "variables", "operationName"] as const;

/**
 * toFragment returns the fragment of a link to an operation. Browsers send no fragments, so
 * no log of a server has the operation.
 */
export function toFragment(shared: Shared): string {
  const parameters = new URLSearchParams();
  for (const name of names) if (shared[name]) parameters.set(name, shared[name]);
  return `#${parameters}`;
}

/** fromFragment returns the operation of a link; nothing is set if the link has none. */
export function fromFragment(fragment: string): Shared {
  const parameters = new URLSearchParams(fragment.replace(/^#/, ""));
  const shared: Shared = {};
  for (const name of names) {
    const value = parameters.get(name);
    if (value) shared[name] = value;
  }
  return shared;
}
