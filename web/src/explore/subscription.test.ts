import { parse } from "graphql";
import { expect, test } from "vitest";
import { fetcherOf } from "./fetcher";

const query = "subscription S { event }";
const options = { documentAST: parse(query) };
const bytes = (text: string) => new TextEncoder().encode(text);

/** subscribe starts a subscription whose stream the test writes. */
async function subscribe() {
  let stream!: ReadableStreamDefaultController<Uint8Array>;
  let sent!: RequestInit;
  const fetcher = fetcherOf("/graphql", async (_, init) => {
    sent = init!;
    const body = new ReadableStream<Uint8Array>({ start: (controller) => void (stream = controller) });
    sent.signal!.addEventListener("abort", () => stream.error(new DOMException("aborted", "AbortError")));
    return new Response(body, { headers: { "Content-Type": "text/event-stream" } });
  });
  const results = (await fetcher({ query, operationName: "S" }, options)) as AsyncIterableIterator<unknown>;
  return { results: results[Symbol.asyncIterator](), stream, sent };
}

test("a subscription yields results until it is complete", async () => {
  const { results, stream, sent } = await subscribe();
  expect((sent.headers as Record<string, string>).Accept).toMatch(/^text\/event-stream, /);
  stream.enqueue(bytes(':\n\nevent: next\ndata: {"data":{"event":1}}\n\nevent: next\ndata: {"data":{"event":2}}\n\nevent: complete\ndata:\n\n'));
  expect(await results.next()).toEqual({ done: false, value: { data: { event: 1 } } });
  expect(await results.next()).toEqual({ done: false, value: { data: { event: 2 } } });
  expect((await results.next()).done).toBe(true);
});

test("stopping ends the request while it waits for a result", async () => {
  const { results, sent } = await subscribe();
  const waiting = results.next();
  await results.return!();
  expect(sent.signal!.aborted).toBe(true);
  expect((await waiting).done).toBe(true);
});

test("a stream that ends without an end is an error", async () => {
  const { results, stream } = await subscribe();
  stream.close();
  await expect(results.next()).rejects.toThrow("Run it again");
});

test("a subscription that is refused has a response of JSON", async () => {
  const refused = { errors: [{ message: "no", extensions: { code: "SUBSCRIPTION_NOT_SUPPORTED" } }] };
  const fetcher = fetcherOf("/graphql", async () => new Response(JSON.stringify(refused), { headers: { "Content-Type": "application/json" } }));
  expect(await fetcher({ query, operationName: undefined }, options)).toEqual(refused);
});
