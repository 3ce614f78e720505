/**
 * What is kept in the state of a session while its first event waits to be tried again: that one and all behind it are
 * deferred, and a message that is scheduled for the end of the wait wakes the session. So a key that waits costs neither a
 * lock nor a receiver, its order survives a crash at any instant, and nobody looks at it before its time.
 *
 * While events are parked, the message that wakes them is scheduled or there: it is sent before the state is set, and
 * taken out after the last of them is settled. They are deferred after the state is set: one that is parked but was not
 * deferred is met again, and deferred then.
 */
export interface Parking {
  /** When the first is tried again, in ms since the epoch. */
  readonly until: number;
  /** The id of the message that wakes the session. */
  readonly wake: string;
  /** The sequence numbers of the events, in order. */
  readonly events: readonly string[];
}

export const nothingParked: Parking = { until: 0, wake: "", events: [] };

/** What a session's state says. A session without any, or with one of somebody else's, has nothing parked. */
export function parkingOf(state: unknown): Parking {
  const { until, wake, events } = (typeof state === "object" && state !== null ? state : {}) as Partial<Parking>;
  if (typeof until !== "number" || typeof wake !== "string" || !Array.isArray(events)) return nothingParked;
  return { until, wake, events: events.map(String) };
}

/** The state of a session; an empty one when nothing is parked, as the SDK cannot take a state away. */
export function stateOf(parking: Parking): unknown {
  return parking.events.length === 0 ? Buffer.alloc(0) : parking;
}

/** The same with these behind, in the order of their numbers. */
export function parkedBehind(parking: Parking, events: readonly string[]): Parking {
  const all = [...new Set([...parking.events, ...events])];
  return { ...parking, events: all.sort((a, b) => (BigInt(a) < BigInt(b) ? -1 : 1)) };
}

/** The same without its first. */
export function withoutFirst(parking: Parking): Parking {
  return parking.events.length <= 1 ? nothingParked : { ...parking, events: parking.events.slice(1) };
}
