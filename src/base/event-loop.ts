/*
 * Who holds the event loop. While something computes without awaiting, no timer runs: leases are not renewed, and what
 * was computed is thrown away for it. There is one event loop for the whole process, so there is one record of that.
 */

/** A time in which nothing else ran in this process. */
export interface Hold {
  /** Who computed; `undefined` when it is only known that timers were late. */
  readonly by: string | undefined;
  readonly ms: number;
  /** When it ended, by `performance.now()`. */
  readonly until: number;
}

/** Shorter holds end no lease, in ms. */
const minHoldMs = 50;
const maxHolds = 32;
const holds: Hold[] = [];

/** Notes that something has run without a break since then. @param startedAt by `performance.now()`. */
export function ranSince(startedAt: number, by: string | undefined): void {
  const until = performance.now();
  const ms = until - startedAt;
  if (ms < minHoldMs) return;
  holds.push({ by, ms, until });
  if (holds.length > maxHolds) holds.shift();
}

/** The longest hold that ended since then, those by somebody who is known first; `undefined` when there was none. */
export function longestHold(since: number): Hold | undefined {
  const recent = holds.filter(({ until }) => until >= since);
  const known = recent.filter(({ by }) => by !== undefined);
  return (known.length > 0 ? known : recent).toSorted((one, other) => other.ms - one.ms)[0];
}
