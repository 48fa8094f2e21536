import { expect, test } from "vitest";
import { hrefOf, routeOf } from "./route";

test("fragments without an operation", () => {
  expect(routeOf("")).toEqual({ page: "nodes" });
  expect(routeOf("#elsewhere")).toEqual({ page: "nodes" });
  expect(routeOf("#operations")).toEqual({ page: "operations" });
  expect(routeOf("#operation")).toEqual({ page: "operation", operation: { path: "", kind: "", name: "" } });
});

test("an operation survives the way through the address", () => {
  for (const operation of [
    { path: "/graphql", kind: "query", name: "Orders" },
    { path: "/a b/?#&", kind: "", name: "" },
  ]) {
    expect(routeOf(new URL(hrefOf(operation), "http://127.0.0.1/console/").hash)).toEqual({ page: "operation", operation });
  }
});
