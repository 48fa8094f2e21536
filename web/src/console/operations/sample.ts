import type { Counts } from "../counts";

// What GET /operations, /slow and /usage send, and /console/events about operations.

/** Operation is what requests are counted by. */
export type Operation = { path: string; kind: string; name: string };

export type Summary = Operation & Counts & { slow: number };

export type Summaries = { uptime_seconds: number; bounds: number[]; operations: Summary[] };

export type Report = { operations: (Summary & { problems: Record<string, number>; recent: Request[] })[] };

/** Request is a slow or failed request. */
export type Request = {
  age_seconds: number;
  request_id: string;
  trace_id?: string;
  client: { name: string; version: string };
  node?: string;
  status: number;
  code: string;
  errors?: string;
  seconds: number;
  stage_seconds: Record<string, number>;
};

export type Slow = {
  operations: { path: string; operation?: string; samples: number; lines: { line: string; samples: number }[] }[];
  recent: { request_id: string; line: string }[];
};

export type Usage = {
  apps: { path: string; used: Used[] }[];
};

/** Used is a part of a schema that clients use. */
export type Used = {
  path: string;
  reason?: string;
  requests: number;
  last?: string;
  clients: { name: string; version: string; requests: number }[];
  operations: { name: string; requests: number }[];
};

/** stages are those of a request, in order. */
export const stages = ["authenticate", "read", "parse", "queue", "node", "transcode", "write"] as const;

export const isSame = (a: Operation, b: Operation) => a.path === b.path && a.kind === b.kind && a.name === b.name;

/** label names an operation. */
export function label({ kind, name }: Operation): string {
  return name || (kind ? `anonymous ${kind}` : "unknown operation");
}

/** clientName names a client, with its version. */
export const clientName = ({ name, version }: { name: string; version: string }) => [name, version].filter(Boolean).join(" ") || "unnamed";
