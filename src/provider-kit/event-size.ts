import { BeeHiveError } from "../base/errors.ts";
import type { Event } from "../events/event.ts";

/** @throws BeeHiveError `TooLarge` for an event whose body has more than `maxBytes`. */
export function assertBodySizes(events: readonly Event[], maxBytes: number): void {
  for (const event of events) assertBodySize(event, maxBytes);
}

/** @throws BeeHiveError `TooLarge` if the body of the event has more than `maxBytes`. */
export function assertBodySize(event: Event, maxBytes: number): void {
  if (!event.isLargerThan(maxBytes)) return;
  throw new BeeHiveError(
    "TooLarge",
    `The body of the event ${event.eventType} ${event.id} has ${event.bodySize} bytes; at most ${maxBytes} are taken. ` +
      "Keep large data in the key-value store and send its key.",
  );
}
