// What /console/events sends: /status, and the requests so far.

import { noCounts, type Counts } from "./counts";

export type Sample = {
  uptime_seconds: number;
  draining: boolean;
  memory_bytes: number;
  connections: number;
  in_flight: number;
  apps: App[];
  requests: Record<string, Counts>;
};

export type App = {
  path: string;
  schema: string;
  in_flight: number;
  queued: number;
  schemas: string[] | null;
  addresses?: string[];
  found: number;
  epmds?: EPMD[];
  problems?: string[];
  nodes: Node[];
};

/** EPMD is the answer of one EPMD. */
export type EPMD = { address: string; names: { name: string; port: number }[]; more?: number; problem?: string };

export type Node = {
  name: string;
  address: string;
  state: string;
  in_flight: number;
  ended: Ended;
  breaker: string;
  schema_hash?: string;
  connected_seconds: number;
  problem?: string;
  beam?: BEAM;
};

export type BEAM = {
  otp: string;
  elixir?: string;
  uptime_seconds: number;
  schedulers: number;
  run_queue: number;
  memory_bytes: Record<"total" | "processes" | "atoms" | "binaries" | "code" | "ets" | "other", number>;
  tables: Record<"processes" | "ports" | "atoms" | "ets_tables", { count: number; limit: number }>;
  nearly_full?: string[];
};

/** Ended are the calls of a node that have ended. bounds are those of the histogram. */
export type Ended = Pick<Counts, "failed" | "histogram" | "histogram_seconds" | "max_seconds" | "latest_max_seconds"> & { ok: number; bounds: number[] };

/** callsOf returns the counts of calls. */
export const callsOf = (ended: Ended): Counts => ({ ...noCounts, ...ended, requests: ended.ok + ended.failed });

/** stateOf returns the state of a node in a word, with that of its breaker. */
export function stateOf(node: Node): string {
  if (node.state !== "connected") return node.state;
  return node.breaker === "open" ? "ejected" : node.breaker === "half-open" ? "on trial" : "up";
}
