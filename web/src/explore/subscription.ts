import type { ExecutionResult } from "graphql";
import { events } from "../eventstream";

/**
 * resultsOf returns the results of a subscription by GraphQL over Server-Sent Events. To
 * return from the iterable ends the request, also while it waits for a result.
 */
export function resultsOf(body: ReadableStream<Uint8Array>, stop: AbortController): AsyncIterableIterator<ExecutionResult> {
  const results = read(body, stop.signal);
  return {
    next: () => results.next(),
    return: () => {
      stop.abort();
      return results.return(undefined);
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

async function* read(body: ReadableStream<Uint8Array>, stopped: AbortSignal): AsyncGenerator<ExecutionResult, undefined> {
  try {
    for await (const { event, data } of events(body)) {
      if (event === "complete") return;
      if (event === "next") yield JSON.parse(data);
    }
  } catch (error) {
    if (stopped.aborted) return;
    throw error;
  }
  throw new Error("The gateway has ended the subscription. Run it again.");
}
