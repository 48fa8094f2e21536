import type { Fetcher, FetcherReturnType } from "@graphiql/toolkit";

const accept = "application/graphql-response+json, application/json;q=0.9";

/** fetcherOf returns a function that sends operations to an address by POST. */
export function fetcherOf(address: string, send: typeof fetch = (input, init) => fetch(input, init)): Fetcher {
  return async (operation, options): Promise<Awaited<FetcherReturnType>> => {
    const response = await send(address, {
      method: "POST",
      headers: { Accept: accept, "Content-Type": "application/json", ...options?.headers },
      body: JSON.stringify(operation),
    });
    const text = await response.text();
    try {
      return JSON.parse(text);
    } catch {
      throw new Error(`${response.status} ${response.statusText}: the answer is not JSON: ${text.slice(0, 200)}`);
    }
  };
}
