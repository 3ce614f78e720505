import { isBranded, twoCopies } from "../base/brand.ts";
import { messageOf } from "../base/error-text.ts";
import { BeeHiveError } from "../base/errors.ts";
import { Event } from "./event.ts";

/**
 * Returns an event of any installed copy as one of this copy; `undefined` for other values.
 *
 * @throws BeeHiveError `InvalidEvent` if this copy cannot read the release of the other.
 */
export function adopted(value: unknown): Event | undefined {
  if (value instanceof Event) return value;
  return isBranded(value, "Event") ? adopt(value as Event) : undefined;
}

function adopt(event: Event): Event {
  try {
    // Read first: `toRecord` fixes the id.
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
