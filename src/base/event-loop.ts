import { performance } from "node:perf_hooks";

/*
 * Holds of the event loop. While code computes without awaiting, no timer runs: leases end unrenewed, and the computed
 * result is lost with them. A process has one event loop, so it has one record of its holds.
 */

/** A period in which one computation kept all others from running. */
export interface Hold {
  /** The name of the computation; `undefined` if only late timers show it. */
  readonly by: string | undefined;
  readonly ms: number;
  /** Its end, by `performance.now()`. */
  readonly until: number;
}

/** The shortest hold that matters to a lease, in ms. */
const minHoldMs = 50;
const maxHolds = 32;
const holds: Hold[] = [];

/** Records a computation that ran without a break until now. @param startedAt by `performance.now()`. */
export function ranSince(startedAt: number, by: string | undefined): void {
  const until = performance.now();
  const ms = until - startedAt;
  if (ms < minHoldMs) return;
  holds.push({ by, ms, until });
  if (holds.length > maxHolds) holds.shift();
}

/** Returns the longest hold that ended since then, named ones first; `undefined` if there was none. */
export function longestHold(since: number): Hold | undefined {
  const recent = holds.filter(({ until }) => until >= since);
  const known = recent.filter(({ by }) => by !== undefined);
  return (known.length > 0 ? known : recent).toSorted((one, other) => other.ms - one.ms)[0];
}
