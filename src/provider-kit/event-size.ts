import { BeeHiveError } from "../base/errors.ts";
import type { Event } from "../events/event.ts";

/** @throws BeeHiveError `TooLarge` when the body of one of the events has more than `most` bytes. */
export function assertBodySizes(events: readonly Event[], most: number): void {
  for (const event of events) assertBodySize(event, most);
}

/** @throws BeeHiveError `TooLarge` when the body of the event has more than `most` bytes. */
export function assertBodySize(event: Event, most: number): void {
  if (event.bodySize <= most) return;
  throw new BeeHiveError(
    "TooLarge",
    `The body of the event ${event.eventType} ${event.id} has ${event.bodySize} bytes; at most ${most} are taken. ` +
      "Keep large data in the key-value store and send its key.",
  );
}
