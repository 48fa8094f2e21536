import { expect, test } from "vitest";
import { addressOf } from "./page";

test.each([
  ["/graphql", "/graphql", "/internal"],
  ["/graphql", "/api/graphql", "/api/internal"], // behind a proxy with a prefix
  ["/", "/", "/internal"],
])("from the application %s at %s, the other one is at %s", (path, here, there) => {
  expect(addressOf("/internal", { path, apps: [path, "/internal"] }, here)).toBe(there);
});
