// What /console/events sends: /status, and the requests so far.

export type Sample = {
  uptime_seconds: number;
  draining: boolean;
  memory_bytes: number;
  connections: number;
  in_flight: number;
  apps: App[];
  requests: Record<string, Requests>;
};

export type App = {
  path: string;
  schema: string;
  in_flight: number;
  queued: number;
  schemas: string[] | null;
  addresses?: string[];
  found: number;
  problems?: string[];
  nodes: Node[];
};

export type Node = {
  name: string;
  address: string;
  state: string;
  in_flight: number;
  calls: number;
  latency_ms: number;
  breaker: string;
  schema_hash?: string;
  connected_seconds: number;
  problem?: string;
  beam?: { otp: string; run_queue: number; memory_bytes: { total: number }; nearly_full?: string[] };
};

export type Requests = { ok: number; failed: number; bounds: number[]; within: number[] };

/** stateOf returns the state of a node in a word, with that of its breaker. */
export function stateOf(node: Node): string {
  if (node.state !== "connected") return node.state;
  return node.breaker === "open" ? "ejected" : node.breaker === "half-open" ? "on trial" : "up";
}
