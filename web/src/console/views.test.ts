import { expect, test } from "vitest";
import { warnings } from "./beam";
import { bySeverity } from "./differences";
import { answerOf } from "./epmds";
import { count } from "./format";
import type { BEAM } from "./sample";

test("the answer of an EPMD names nodes and ports", () => {
  const names = [{ name: "my-app-1", port: 40001 }, { name: "other", port: 2 }];
  expect(answerOf({ address: "", names })).toBe("knows my-app-1 at 40001, other at 2");
  expect(answerOf({ address: "", names, more: 7 })).toBe("knows my-app-1 at 40001, other at 2, 7 more");
  expect(answerOf({ address: "", names: [] })).toBe("knows no node");
  expect(answerOf({ address: "", names: [], problem: "refused" })).toBe("does not answer");
});

test("a table that is nearly full is a warning", () => {
  const table = { count: 900_000, limit: 1_048_576 };
  const beam = { nearly_full: ["atoms"], tables: { atoms: table, processes: table } } as unknown as BEAM;
  expect(warnings(beam)).toEqual(["The table of atoms is nearly full: 86 % of 1.05M"]);
  expect(warnings(undefined)).toEqual([]);
});

test("counts have all digits while they are short", () => {
  expect([0, 1_024, 15_210, 262_144].map(count)).toEqual(["0", "1,024", "15.2K", "262K"]);
});

test("changes are grouped by their effect", () => {
  const change = (severity: string) => ({ severity, kind: "", path: "", message: "" });
  expect([...bySeverity([change("breaking"), change("safe"), change("safe")])].map(([name, list]) => [name, list.length])).toEqual([["breaking", 1], ["safe", 2]]);
});
