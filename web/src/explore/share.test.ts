import { expect, test } from "vitest";
import { fromFragment, toFragment } from "./share";

test("a link carries the operation, in a part that browsers do not send", () => {
  const shared = { query: "query A($n: Int) { parts(limit: $n) { name } }\n# 100 % & more", variables: '{"n": 2}', operationName: "A" };
  const link = new URL(toFragment(shared), "http://127.0.0.1:4400/graphql");
  expect(fromFragment(link.hash)).toEqual(shared);
  expect(link.search).toBe("");
});

test("a link has no headers, and other names are ignored", () => {
  expect(fromFragment("#query=%7B%20a%20%7D&headers=%7B%22Authorization%22%3A%22Bearer%20x%22%7D")).toEqual({ query: "{ a }" });
  expect(fromFragment("")).toEqual({});
});
