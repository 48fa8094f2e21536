import "./console.css";
import { events } from "../eventstream";
import { AppView } from "./app";
import { confirm } from "./confirm";
import { noCounts } from "./counts";
import { setText } from "./dom";
import { emptied, question, type Verb } from "./drain";
import { Unauthorized, request } from "./request";
import { bytes, duration, number } from "./format";
import { Operations } from "./operations/operations";
import type { Summaries } from "./operations/sample";
import { Pages } from "./pages";
import type { App, Sample } from "./sample";

const byId = (id: string) => document.getElementById(id)!;
const login = byId("login") as HTMLFormElement;
const tokenKey = "louche-operator-token";
let token = sessionStorage.getItem(tokenKey) ?? "";

const tell = (news: string) => setText(byId("news"), news);

/** ask sends a request to a path of the operators' listener. */
const ask = (path: string, init?: RequestInit) => request(`../${path}`, token, init);

async function drain(name: string, verb: Verb) {
  const paths = verb === "drain" ? emptied(nodesOf, name) : [];
  if (paths.length > 0 && !(await confirm(question(name, paths), "Drain"))) return;
  try {
    await ask(`nodes/${encodeURIComponent(name)}/${verb}`, { method: "POST" });
  } catch (error) {
    tell(`${name}: ${error}`);
  }
}

const apps = new Map<string, AppView>();
const operations = new Operations(byId("operations"), async (path) => (await ask(path)).json());
new Pages(byId("apps"), operations);
let nodesOf: App[] = []; // applications with their nodes, of the latest sample
let latest = ""; // time of the latest sample

function show(sample: Sample & Summaries) {
  const uptime = sample.uptime_seconds;
  nodesOf = sample.apps;
  latest = new Date().toLocaleTimeString();
  setText(
    byId("gateway"),
    `${sample.draining ? "stopping" : "up"} for ${duration(uptime)} · ${number(sample.connections)} connections · ` +
      `${number(sample.in_flight)} in flight · ${bytes(sample.memory_bytes)}`,
  );
  operations.update(sample);
  for (const app of sample.apps) {
    let view = apps.get(app.path);
    if (!view) {
      view = new AppView(app.path, app.schema, drain, tell, ask);
      apps.set(app.path, view);
      byId("apps").append(view.element);
    }
    view.update(app, sample.requests[app.path] ?? noCounts, sample.bounds, uptime);
  }
  for (const [path, view] of apps) {
    if (sample.apps.some((app) => app.path === path)) continue;
    view.element.remove();
    apps.delete(path);
  }
}

/** setLive says whether the figures are those of now, and keeps old ones from being acted on. */
function setLive(live: boolean) {
  const old = latest ? `; these are the figures of ${latest}` : "";
  setText(byId("connection"), live ? "Live" : `The gateway does not answer${old}`);
  document.documentElement.toggleAttribute("data-lost", !live);
  byId("apps").inert = !live;
}

/** listen shows samples until the stream ends. */
async function listen() {
  const response = await request("events", token);
  setLive(true);
  for await (const { data } of events(response.body!)) show(JSON.parse(data) as Sample & Summaries);
}

async function run() {
  login.hidden = true;
  for (;;) {
    try {
      await listen();
    } catch (error) {
      if (error instanceof Unauthorized) {
        setText(byId("connection"), "");
        setText(byId("refused"), token ? "This token is wrong" : "");
        login.hidden = false;
        byId("token").focus();
        return;
      }
    }
    setLive(false);
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
}

login.addEventListener("submit", (event) => {
  event.preventDefault();
  token = (byId("token") as HTMLInputElement).value;
  sessionStorage.setItem(tokenKey, token);
  void run();
});

void run();
