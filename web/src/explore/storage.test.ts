import { expect, test } from "vitest";
import { storageOf } from "./storage";

// store is a Storage of the browser: its items are its own properties.
function store(): Storage {
  const methods = {
    getItem(this: Record<string, string>, key: string) {
      return this[key] ?? null;
    },
    setItem(this: Record<string, string>, key: string, value: string) {
      this[key] = value;
    },
    removeItem(this: Record<string, string>, key: string) {
      delete this[key];
    },
  };
  return Object.create(methods) as Storage;
}

test("applications have histories of their own", () => {
  const shared = store();
  const a = storageOf("/a", shared);
  const b = storageOf("/b", shared);
  a.setItem("graphiql:query", "{ a }");
  b.setItem("graphiql:query", "{ b }");
  a.clear();
  expect([a.getItem("graphiql:query"), a.length, b.getItem("graphiql:query"), b.length]).toEqual([null, 0, "{ b }", 1]);
});
