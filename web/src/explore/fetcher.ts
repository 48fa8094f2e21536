import type { Fetcher, FetcherReturnType } from "@graphiql/toolkit";
import { getOperationAST } from "graphql";
import { resultsOf } from "./subscription";

const accept = "application/graphql-response+json, application/json;q=0.9";

/**
 * fetcherOf returns a function that sends operations to an address by POST. Subscriptions
 * get an iterable of their results.
 */
export function fetcherOf(address: string, send: typeof fetch = (input, init) => fetch(input, init)): Fetcher {
  return async (operation, options): Promise<Awaited<FetcherReturnType>> => {
    const post = (accept: string, signal?: AbortSignal) =>
      send(address, {
        method: "POST",
        headers: { Accept: accept, "Content-Type": "application/json", ...options?.headers },
        body: JSON.stringify(operation),
        signal,
      });
    const document = options?.documentAST;
    if (!document || getOperationAST(document, operation.operationName)?.operation !== "subscription") return readJSON(await post(accept));
    const stop = new AbortController();
    const response = await post(`text/event-stream, ${accept}`, stop.signal);
    return response.headers.get("Content-Type") === "text/event-stream" ? resultsOf(response.body!, stop) : readJSON(response);
  };
}

async function readJSON(response: Response) {
  const text = await response.text();
  try {
    return JSON.parse(text);
  } catch {
    throw new Error(`${response.status} ${response.statusText}: the answer is not JSON: ${text.slice(0, 200)}`);
  }
}
