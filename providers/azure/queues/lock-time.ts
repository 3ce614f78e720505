/** A lock at the time when it was taken or renewed. Times are ms since the epoch. */
export interface LockFacts {
  /** By the clock of this process. */
  readonly now: number;
  /** The end of the lock, by the clock of the broker. */
  readonly lockedUntil: number | undefined;
  /** The lock duration that the queue was made with. */
  readonly leaseMs: number;
  /** The shortest lock that a queue can have. */
  readonly minMs: number;
}

/**
 * Returns how long a lock still holds, in ms, even when the clocks differ.
 *
 * The broker gives the end by its own clock. A rest too short for a new lock shows that our clock is ahead; a rest
 * longer than the lock duration, that it is behind. In both cases the lock duration counts.
 */
export function lockLeftMs({ now, lockedUntil, leaseMs, minMs }: LockFacts): number {
  const left = (lockedUntil ?? Number.NaN) - now;
  // Part of a session lock may have passed when an event is received.
  return left >= minMs / 2 ? Math.min(left, leaseMs) : leaseMs;
}
