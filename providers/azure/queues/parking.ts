/**
 * The state of a session while its first event is delayed.
 *
 * The event and all behind it are parked: named here, and deferred at the broker. A scheduled message wakes the session
 * at the end of the delay. So a delayed key costs neither a lock nor a receiver, and its order survives a crash at any
 * instant:
 *
 * - The wake-up is sent before the state is set, and completed after the last parked event is settled.
 * - Events are deferred after the state is set. An event that is parked but not yet deferred is received again, and
 *   deferred then.
 */
export interface Parking {
  /** The end of the delay, in ms since the epoch. */
  readonly until: number;
  /** The message id of the wake-up. */
  readonly wake: string;
  /** The sequence numbers of the events, in order. */
  readonly events: readonly string[];
}

export const nothingParked: Parking = { until: 0, wake: "", events: [] };

/** Reads the state of a session. Nothing is parked in a session without a state, or with a foreign one. */
export function parkingOf(state: unknown): Parking {
  const { until, wake, events } = (typeof state === "object" && state !== null ? state : {}) as Partial<Parking>;
  if (typeof until !== "number" || typeof wake !== "string" || !Array.isArray(events)) return nothingParked;
  return { until, wake, events: events.map(String) };
}

/** Returns the state to set; empty when nothing is parked, because the SDK cannot remove a state. */
export function stateOf(parking: Parking): unknown {
  return parking.events.length === 0 ? Buffer.alloc(0) : parking;
}

/** Adds events, in the order of their sequence numbers. */
export function parkedBehind(parking: Parking, events: readonly string[]): Parking {
  const all = [...new Set([...parking.events, ...events])];
  return { ...parking, events: all.sort((a, b) => (BigInt(a) < BigInt(b) ? -1 : 1)) };
}

/** Removes the first event. */
export function withoutFirst(parking: Parking): Parking {
  return parking.events.length <= 1 ? nothingParked : { ...parking, events: parking.events.slice(1) };
}
