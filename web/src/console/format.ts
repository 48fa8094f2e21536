/** duration prints seconds as people say them: 3.2 ms, 41 s, 5 min, 3 h, 2 d. */
export function duration(seconds: number | undefined): string {
  if (seconds === undefined) return "–";
  if (seconds < 1) return `${number(seconds * 1000)} ms`;
  for (const [unit, size] of [["d", 86400], ["h", 3600], ["min", 60]] as const) {
    if (seconds >= 2 * size) return `${Math.floor(seconds / size)} ${unit}`;
  }
  return `${number(seconds)} s`;
}

/** number prints two digits of small numbers, and no fraction of others. */
export function number(n: number): string {
  return n.toLocaleString("en", { maximumFractionDigits: n < 10 ? 1 : 0 });
}

export function percent(share: number | undefined): string {
  return share === undefined ? "–" : `${number(share * 100)} %`;
}

export function bytes(n: number): string {
  return n < 1e9 ? `${number(n / 1e6)} MB` : `${number(n / 1e9)} GB`;
}

/** count prints the digits of small numbers, and three of large ones: 1,024, 15.2K, 1.05M. */
export function count(n: number): string {
  return n < 1e4 ? n.toLocaleString("en") : n.toLocaleString("en", { notation: "compact", maximumSignificantDigits: 3 });
}
