import { number } from "../format";

// A number without a fraction takes the room of one with a digit behind the point, so that
// the points of a column are below each other.
const noFraction = "\u2008\u2007";

/** aligned prints a number for a column: 3.2, 41, 1,204. */
export function aligned(n: number | undefined): string {
  if (n === undefined) return `–${noFraction}`;
  if (n === 0) return `0${noFraction}`;
  if (n < 0.05) return "<0.1";
  return n < 9.95 ? n.toFixed(1) : number(Math.round(n)) + noFraction;
}

/** milliseconds prints seconds for a column of milliseconds. */
export function milliseconds(seconds: number | undefined): string {
  return aligned(seconds === undefined ? undefined : seconds * 1000);
}

/** bound prints a bound of a histogram: 700 µs, 5 ms, 1.5 s. */
export function bound(seconds: number): string {
  const round = (n: number) => number(Number(n.toPrecision(3)));
  if (seconds < 0.001) return `${round(seconds * 1e6)} µs`;
  return seconds < 1 ? `${round(seconds * 1000)} ms` : `${round(seconds)} s`;
}
