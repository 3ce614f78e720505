import { isBranded, twoCopies } from "../base/brand.ts";
import { messageOf } from "../base/error-text.ts";
import { BeeHiveError } from "../base/errors.ts";
import { Event } from "./event.ts";

/**
 * Returns an event as one of this copy of the package, `undefined` for what is none. A package of a monorepo may have a
 * copy of its own, and make its events with that.
 *
 * @throws BeeHiveError `InvalidEvent` when the other copy is of a release that this one cannot read.
 */
export function adopted(value: unknown): Event | undefined {
  if (value instanceof Event) return value;
  return isBranded(value, "Event") ? adopt(value as Event) : undefined;
}

function adopt(event: Event): Event {
  try {
    // First: the id that the record has is made for it.
    const { hasId } = event;
    const record = event.toRecord();
    const own = Event.fromRecord(record);
    return hasId ? own : own.clone();
  } catch (cause) {
    throw new BeeHiveError(
      "InvalidEvent",
      `An Event of another installed copy of beehive-actors cannot be read: ${messageOf(cause)}. ${twoCopies}.`,
      { cause },
    );
  }
}
