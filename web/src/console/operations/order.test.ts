import { expect, test } from "vitest";
import { next, sorted } from "./order";

test("numbers begin with the greatest, texts with A, and a second press reverses", () => {
  const byRate = next({ by: "name", descending: false }, "rate", false);
  expect(byRate).toEqual({ by: "rate", descending: true });
  expect(next(byRate, "rate", false)).toEqual({ by: "rate", descending: false });
  expect(next(byRate, "name", true)).toEqual({ by: "name", descending: false });
});

test("rows without a value are last, and equal ones keep their names' order", () => {
  const rows = [
    { name: "c", p95: undefined },
    { name: "b", p95: 2 },
    { name: "d", p95: 10 },
    { name: "a", p95: 2 },
  ];
  const names = (descending: boolean) => sorted(rows, (row) => row.p95, descending, (row) => row.name).map((row) => row.name).join("");
  expect(names(true)).toBe("dabc");
  expect(names(false)).toBe("abdc");
});
