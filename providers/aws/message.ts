import { createHash } from "node:crypto";
import { fromCloudEvent, toCloudEvent } from "../../src/cloud-events.ts";
import { BeeHiveError, isBeeHiveError } from "../../src/errors.ts";
import { isJson } from "../../src/body.ts";
import { Event, type EventRecord } from "../../src/event.ts";
import { propertiesOf } from "./attributes.ts";
import { foreignEvent, withProperties, type MessageOrigin } from "./foreign.ts";

/** Says that the body of an event of JSON type is bytes: CloudEvents cannot tell it from text. */
const bytesMark = "beehivebytes";

/** The event as the body of a message: a CloudEvent in structured JSON, so that ten attributes are never a limit. */
export function bodyOf(event: Event): string {
  const { data: _, beehivequeue: __, ...attributes } = toCloudEvent(event);
  const { body, contentType } = event;
  const marked = typeof body !== "string" && isJson(contentType) ? { ...attributes, [bytesMark]: true } : attributes;
  const text = JSON.stringify(marked);
  if (typeof body !== "string" || body.length === 0 || "data_base64" in attributes) return safe(text);
  // JSON goes in as it is: it was checked, and parsing it again could only lose something.
  const data = isJson(contentType) ? body : JSON.stringify(body);
  return safe(`${text.slice(0, -1)},"data":${data}}`);
}

/** SQS takes most of Unicode; emulators take less. What is beyond U+FFFD can only stand inside a JSON text: escaped, all take it. */
function safe(text: string): string {
  return text.replace(/[\ud800-\udfff\ufffe\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16)}`);
}

/** The event in the body of a message, ours or anybody's. Never throws: what cannot be read says so in `getBody`. */
export function eventFrom(body: string, origin: MessageOrigin): Event {
  const event = eventIn(body, origin);
  const { attributes } = origin;
  return attributes && Object.keys(attributes).length > 0 ? withProperties(event, propertiesOf(attributes)) : event;
}

function eventIn(body: string, origin: MessageOrigin): Event {
  try {
    const value: unknown = JSON.parse(body);
    return cloudEventIn(value, origin) ?? foreignEvent(value, body, origin, eventFrom) ?? plainEvent(body, origin);
  } catch {
    // It is no JSON, or is nested so deeply that what is in it cannot be written out again: it is taken as it came.
    return plainEvent(body, origin);
  }
}

function cloudEventIn(value: unknown, { queueName }: MessageOrigin): Event | undefined {
  if (typeof value !== "object" || value === null || !("specversion" in value)) return undefined;
  const { [bytesMark]: bytes, ...cloudEvent } = value as Record<string, unknown>;
  try {
    const record = fromCloudEvent(cloudEvent).toRecord();
    return Event.fromRecord({
      ...record,
      queueName: String(queueName),
      body: bodyIn(record, cloudEvent, bytes === true),
    });
  } catch (error) {
    // It calls itself a CloudEvent and is none: then it is JSON like any other.
    if (isBeeHiveError(error)) return undefined;
    throw error;
  }
}

function bodyIn(
  { body, contentType }: EventRecord,
  { data }: Record<string, unknown>,
  bytes: boolean,
): string | Uint8Array {
  if (data === null && isJson(contentType)) return "null";
  return bytes && typeof body === "string" ? new Uint8Array(Buffer.from(body)) : body;
}

/** JSON of no known shape, or no JSON at all: `getBody` will say which, and where it is wrong. */
function plainEvent(body: string, { id, queueName, sentAt, partitionKey }: MessageOrigin): Event {
  return Event.fromRecord({
    id,
    eventType: queueName.topic,
    queueName: String(queueName),
    timestamp: sentAt,
    contentType: "application/json",
    body,
    partitionKey,
  });
}

/** @throws BeeHiveError `TooLarge` naming both sizes. */
export function assertSize(event: Event, bytes: number, most: number): void {
  if (bytes <= most) return;
  throw new BeeHiveError(
    "TooLarge",
    `The event ${event.eventType} ${event.id} has ${bytes} bytes as a message; at most ${most} are taken. Keep large data in the key-value store and send its key, or switch claimCheck on.`,
  );
}

/** Message groups and deduplication ids: up to 128 printable ASCII characters without spaces. Others are hashed. */
export function fifoToken(text: string): string {
  return /^[!-~]{1,128}$/.test(text) ? text : createHash("sha256").update(text).digest("hex");
}
