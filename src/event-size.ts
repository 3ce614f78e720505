import { BeeHiveError } from "./errors.ts";
import type { Event } from "./event.ts";

/** @throws BeeHiveError `TooLarge` when the body of one of the events has more than `most` bytes. */
export function assertBodySizes(events: readonly Event[], most: number): void {
  for (const event of events) {
    const { body } = event.toRecordWithoutId();
    // A UTF-16 unit is at most three bytes of UTF-8: most events are known to be small without being measured.
    if (typeof body === "string" && body.length * 3 <= most) continue;
    const bytes = typeof body === "string" ? Buffer.byteLength(body) : body.byteLength;
    if (bytes <= most) continue;
    throw new BeeHiveError(
      "TooLarge",
      `The body of the event ${event.eventType} ${event.id} has ${bytes} bytes; at most ${most} are taken. ` +
        "Keep large data in the key-value store and send its key.",
    );
  }
}
