import { BeeHiveError } from "../../base/errors.ts";
import { checkedProperties, withoutMark } from "../../events/event-checks.ts";
import { Event, type EventProperty } from "../../events/event.ts";
import { keepingVersion } from "../../events/event-version.ts";

/**
 * Changes of the event of a dead letter. What is not given stays.
 *
 * @example
 * await queue.requeueMended("letter-17", { body: { ...body, currency: "EUR" }, by: "ada" });
 */
export interface LetterChanges {
  /** The new body: a JSON value, or text where the content type is another. */
  readonly body?: unknown;
  readonly eventType?: string | undefined;
  /** Properties to set; `null` removes one. */
  readonly properties?: Readonly<Record<string, EventProperty | null>> | undefined;
}

/** Returns the event with these changes, under its id. @throws BeeHiveError `InvalidEvent`, `InvalidConfiguration`. */
export function mended(event: Event, changes: LetterChanges): Event {
  const { body, eventType, properties } = changes;
  if (body === undefined && eventType === undefined && properties === undefined)
    throw new BeeHiveError("InvalidConfiguration", "Nothing is changed: give a body, an eventType or properties.");
  const record = event.toRecord();
  // The constructor checks what is given as that of any event.
  const {
    eventType: type,
    contentType,
    body: given,
  } = new Event(eventType ?? event.eventType, body, {
    queueName: "Mended",
    contentType: event.contentType,
  });
  const merged = { ...event.properties, ...properties };
  const left = Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== null));
  return Event.fromRecord({
    ...record,
    eventType: type,
    contentType,
    body: body === undefined ? record.body : given,
    properties:
      properties === undefined ? withoutMark(event.properties) : checkedProperties(keepingVersion(event, left)),
  });
}
