import { expect, test } from "vitest";
import { problemOf, recentOf, stagesText } from "./requests";
import { clientName, label, type Report, type Request, type Slow } from "./sample";

const request = (fields: Partial<Request>): Request => ({ age_seconds: 0, request_id: "", client: { name: "", version: "" }, status: 200, code: "OK", seconds: 0, stage_seconds: {}, ...fields });

test("requests of all operations are listed from the latest on, with their line of code", () => {
  const operations = [
    { name: "A", recent: [request({ request_id: "a2", age_seconds: 2 }), request({ request_id: "a9", age_seconds: 9 })] },
    { name: "B", recent: [request({ request_id: "b5", age_seconds: 5 })] },
  ] as unknown as Report["operations"];
  const slow: Slow = { operations: [], recent: [{ request_id: "b5", line: "Orders.list/2 (orders.ex:42)" }] };
  expect(recentOf({ operations }, slow).map(({ operation, request_id, line }) => [operation.name, request_id, line])).toEqual([
    ["A", "a2", undefined],
    ["B", "b5", "Orders.list/2 (orders.ex:42)"],
    ["A", "a9", undefined],
  ]);
});

test("a problem is the gateway's code, the errors of a result without data, or slowness", () => {
  expect(problemOf(request({ code: "TIMEOUT" }))).toEqual({ text: "TIMEOUT", failed: true });
  expect(problemOf(request({ errors: "null_data" }))).toEqual({ text: "data is null", failed: true });
  expect(problemOf(request({ errors: "unexecuted" }))).toEqual({ text: "unexecuted", failed: true });
  expect(problemOf(request({ errors: "partial" }))).toEqual({ text: "slow", failed: false });
  expect(problemOf(request({}))).toEqual({ text: "slow", failed: false });
});

test("stages are listed by their time", () => {
  expect(stagesText({ authenticate: 0.00001, parse: 0.0002, node: 1.5, queue: 0.012 })).toBe("node 1.5 s, queue 12 ms, parse 0.2 ms");
});

test("names of operations and clients", () => {
  expect(label({ path: "/", kind: "query", name: "Orders" })).toBe("Orders");
  expect(label({ path: "/", kind: "mutation", name: "" })).toBe("anonymous mutation");
  expect(label({ path: "/", kind: "", name: "" })).toBe("unknown operation");
  expect(clientName({ name: "ios", version: "1.2" })).toBe("ios 1.2");
  expect(clientName({ name: "", version: "" })).toBe("unnamed");
});
