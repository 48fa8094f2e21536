import { expect, test } from "vitest";
import { emptied } from "./drain";
import type { App } from "./sample";

const app = (path: string, nodes: Record<string, string>) =>
  ({ path, nodes: Object.entries(nodes).map(([name, state]) => ({ name, state })) }) as unknown as App;

test("an application is emptied by draining the only node that gets calls", () => {
  const apps = [
    app("/one", { "a@a": "connected" }),
    app("/two", { "a@a": "connected", "b@b": "unlisted" }),
    app("/rest-away", { "a@a": "unlisted", "b@b": "connecting", "c@c": "draining" }),
    app("/other", { "b@b": "connected" }),
    app("/none", { "a@a": "starting" }),
  ];
  expect(emptied(apps, "a@a")).toEqual(["/one", "/rest-away"]);
});
