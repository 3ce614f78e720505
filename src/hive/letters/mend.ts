import { BeeHiveError } from "../../base/errors.ts";
import { jsonErrorPlace } from "../../base/json-error.ts";
import { isCoded, isJson } from "../../events/body.ts";
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
  /** The new body as it is written, in place of `body`: numbers keep all their digits. Empty for no body. */
  readonly bodyText?: string | undefined;
  readonly eventType?: string | undefined;
  /** Properties to set; `null` removes one. */
  readonly properties?: Readonly<Record<string, EventProperty | null>> | undefined;
}

/** Returns the event with these changes, under its id. @throws BeeHiveError `InvalidEvent`, `InvalidConfiguration`. */
export function mended(event: Event, changes: LetterChanges): Event {
  const { body, bodyText, eventType, properties } = changes;
  if (body === undefined && bodyText === undefined && eventType === undefined && properties === undefined)
    throw new BeeHiveError("InvalidConfiguration", "Nothing is changed: give a body, an eventType or properties.");
  if (body !== undefined && bodyText !== undefined)
    throw new BeeHiveError("InvalidConfiguration", "Give either a body or a bodyText, not both.");
  const record = event.toRecord();
  const given = body !== undefined || bodyText !== undefined;
  // A new body is plain: the codec of the hive encodes it again.
  const plainType = given ? event.plainContentType : event.contentType;
  if (given && isCoded(plainType))
    throw new BeeHiveError(
      "InvalidEvent",
      `The body is of the content type ${plainType}, which a codec wrote. Mend it where the codec is: in the hive, or ` +
        "with operate(provider, { codec }).",
    );
  // The constructor checks what is given as that of any event.
  const {
    eventType: type,
    contentType,
    body: written,
  } = new Event(eventType ?? event.eventType, bodyText === undefined ? body : valueOf(bodyText, plainType), {
    queueName: "Mended",
    contentType: plainType,
  });
  const merged = { ...event.properties, ...properties };
  const left = Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== null));
  return Event.fromRecord({
    ...record,
    eventType: type,
    contentType,
    body: bodyText === undefined ? (body === undefined ? record.body : written) : asWritten(bodyText, contentType),
    properties:
      properties === undefined ? withoutMark(event.properties) : checkedProperties(keepingVersion(event, left)),
  });
}

/** Returns a text as the value that readers get, for the checks of an event. @throws BeeHiveError `InvalidEvent`. */
function valueOf(text: string, contentType: string): unknown {
  if (text.trim() === "") return undefined;
  if (!isJson(contentType)) return text;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // The error of JSON.parse quotes the text, and bodies do not belong in errors.
    throw new BeeHiveError("InvalidEvent", `The new body is not JSON, wrong ${jsonErrorPlace(text) ?? "somewhere"}.`);
  }
}

function asWritten(text: string, contentType: string): string {
  return isJson(contentType) || text.trim() === "" ? text.trim() : text;
}
