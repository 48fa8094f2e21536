import { expect, test } from "vitest";
import { fetcherOf } from "./fetcher";

const operation = { query: "{ a }", variables: { n: 1 }, operationName: undefined };

test("an operation is a POST of JSON, with the headers of the editor", async () => {
  const sent: RequestInit[] = [];
  const fetcher = fetcherOf("/graphql", async (address, init) => {
    expect(address).toBe("/graphql");
    sent.push(init!);
    return new Response('{"data":{"a":1}}');
  });
  expect(await fetcher(operation, { headers: { "X-User-Id": "42" } })).toEqual({ data: { a: 1 } });
  expect(sent[0]!.method).toBe("POST");
  expect(sent[0]!.headers).toMatchObject({ "Content-Type": "application/json", "X-User-Id": "42" });
  expect(JSON.parse(sent[0]!.body as string)).toEqual({ query: "{ a }", variables: { n: 1 } });
});

test("an answer of a proxy that is not JSON is shown with its status", async () => {
  const fetcher = fetcherOf("/graphql", async () => new Response("<h1>Bad gateway</h1>", { status: 502, statusText: "Bad Gateway" }));
  await expect(fetcher(operation)).rejects.toThrow("502 Bad Gateway: the answer is not JSON: <h1>");
});
