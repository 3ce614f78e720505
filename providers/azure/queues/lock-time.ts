/** What is known of a lock when it was had or renewed. Times are ms since the epoch. */
export interface LockFacts {
  /** By our clock. */
  readonly now: number;
  /** Until when the broker says that it holds, by the clock of the broker. */
  readonly lockedUntil: number | undefined;
  /** What was asked for, which is what the queue was made with. */
  readonly leaseMs: number;
  /** The shortest lock that a queue can have. */
  readonly minMs: number;
}

/**
 * How long a lock holds from now, in ms. The broker gives a time by its own clock: a rest that no new lock can have says that
 * ours is ahead, one longer than was asked for that ours is behind, and the lease that was asked for counts.
 */
export function lockLeftMs({ now, lockedUntil, leaseMs, minMs }: LockFacts): number {
  const left = (lockedUntil ?? Number.NaN) - now;
  // A lock of a session may be somewhat used up when an event is received.
  return left >= minMs / 2 ? Math.min(left, leaseMs) : leaseMs;
}
