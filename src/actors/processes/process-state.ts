import { cloudEventRecord, toCloudEventText } from "../../events/cloud-events.ts";
import { Event } from "../../events/event.ts";
import type { Identified } from "../../contract/stores.ts";

/**
 * The state of one process in its collection: fields of your own beside these.
 *
 * @example
 * interface Booking extends ProcessState {
 *   seat?: string;
 * }
 * const Bookings = collectionStore<Booking>("Bookings");
 */
export interface ProcessState extends Identified {
  readonly status: "open" | "completed" | "cancelled";
  /** The events that the process took, in order. Absent in a test that arranges a state: none. */
  readonly taken?: readonly TakenEvent[] | undefined;
}

/** An event that a process took. */
export interface TakenEvent {
  /** See `identityOf`. */
  readonly id: string;
  readonly eventType: string;
  /** The event as a CloudEvent, for its compensation. */
  readonly event?: string | undefined;
  /** The events that followed, as CloudEvents: published again if the event is delivered again. */
  readonly outputs: readonly string[];
}

/** Events that one process remembers, beside those with a compensation. */
const maxRemembered = 100;

/**
 * Returns the events without the oldest that a process may forget.
 *
 * It keeps those that have a compensation, and the last of each type.
 */
export function remembered(taken: readonly TakenEvent[]): readonly TakenEvent[] {
  let surplus = taken.length - maxRemembered;
  if (surplus <= 0) return taken;
  const last = new Map(taken.map((one) => [one.eventType, one]));
  return taken.filter((one) => {
    const kept = surplus <= 0 || one.event !== undefined || last.get(one.eventType) === one;
    if (!kept) surplus--;
    return kept;
  });
}

/** Returns an event as text that {@link eventFrom} reads. */
export function textOf(event: Event): string {
  return toCloudEventText(event);
}

/** Returns the event of {@link textOf}: the same id, destination and time. */
export function eventFrom(text: string): Event {
  return Event.fromRecord(cloudEventRecord(JSON.parse(text), text));
}
