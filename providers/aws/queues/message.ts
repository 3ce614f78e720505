import { createHash } from "node:crypto";
import { BeeHiveError, isBeeHiveError } from "../../../src/base/errors.ts";
import { unicodeEscape } from "../../../src/base/printable.ts";
import { isJson } from "../../../src/events/body.ts";
import { attributesOf, cloudEventRecord, withData } from "../../../src/events/cloud-events.ts";
import type { Event, EventRecord } from "../../../src/events/event.ts";
import { receivedEvent } from "../../../src/events/unreadable.ts";
import { propertiesOf } from "./attributes.ts";
import { foreignEvent, withProperties, type MessageOrigin } from "./foreign.ts";

/** Marks a JSON body as bytes: CloudEvents cannot tell bytes from text. */
const bytesMark = "beehivebytes";
/** Marks data in which {@link safe} wrote all escapes of its kind, so that the reader decodes them. */
const escapesMark = "beehiveescapes";

/** Returns the body of a message. It is a structured CloudEvent, so the limit of ten attributes never matters. */
export function bodyOf(event: Event): string {
  const record = event.toRecord();
  const { body, contentType } = record;
  // The reader takes the destination from the queue of the message. JSON has no members that are undefined.
  const attributes = { ...attributesOf(record), beehivequeue: undefined };
  if (!isJson(contentType)) return safe(withData(attributes, record));
  if (typeof body !== "string") return safe(withData({ ...attributes, [bytesMark]: true }, record));
  if (!unsafe.test(body)) return safe(withData(attributes, record));
  if (!escapes.test(body)) return safe(withData({ ...attributes, [escapesMark]: true }, record));
  // The reader could not tell its own escapes from ours. As bytes it is read back as the same text.
  return safe(withData(attributes, { ...record, body: Buffer.from(body) }));
}

const unsafe = /[\ud800-\udfff\ufffe\uffff]/;
const escapes = /\\u(?:d[89a-f][0-9a-f]{2}|fff[ef])/i;
const everyUnsafe = new RegExp(unsafe, "g");
const everyEscape = new RegExp(escapes, "gi");

/** Escapes characters beyond U+FFFD, which SQS or emulators refuse. They occur only inside JSON texts. */
function safe(text: string): string {
  return unsafe.test(text) ? text.replace(everyUnsafe, unicodeEscape) : text;
}

function withoutEscapes(text: string): string {
  return text.replace(everyEscape, (escape) => String.fromCharCode(Number.parseInt(escape.slice(2), 16)));
}

/** Returns the event in the body of any message. Never throws: reading the event reports what is wrong with it. */
export function eventOf(body: string, origin: MessageOrigin): Event {
  const event = eventIn(body, origin);
  const { attributes } = origin;
  return attributes && Object.keys(attributes).length > 0 ? withProperties(event, propertiesOf(attributes)) : event;
}

function eventIn(body: string, origin: MessageOrigin): Event {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return plainEvent(body, origin);
  }
  return cloudEventIn(value, body, origin) ?? foreignEvent(value, body, origin, eventOf) ?? plainEvent(body, origin);
}

function cloudEventIn(value: unknown, text: string, { queueName }: MessageOrigin): Event | undefined {
  if (typeof value !== "object" || value === null || !("specversion" in value)) return undefined;
  const given = value as Record<string, unknown>;
  const { [bytesMark]: bytes, [escapesMark]: escaped } = given;
  const cloudEvent = withoutMarks(given);
  try {
    const record = cloudEventRecord(cloudEvent, text);
    const read = bodyIn(record, cloudEvent, bytes === true);
    return receivedEvent({
      ...record,
      queueName: String(queueName),
      body: escaped === true && typeof read === "string" ? withoutEscapes(read) : read,
    });
  } catch (error) {
    // Not a valid CloudEvent: read it like any other JSON.
    if (isBeeHiveError(error)) return undefined;
    throw error;
  }
}

/** Returns a CloudEvent without the marks, which are no properties of the event. Most have none. */
function withoutMarks(given: Record<string, unknown>): Record<string, unknown> {
  if (!(bytesMark in given) && !(escapesMark in given)) return given;
  const { [bytesMark]: _, [escapesMark]: __, ...cloudEvent } = given;
  return cloudEvent;
}

function bodyIn(
  { body, contentType }: EventRecord,
  { data }: Record<string, unknown>,
  bytes: boolean,
): string | Uint8Array {
  if (data === null && isJson(contentType)) return "null";
  return bytes && typeof body === "string" ? new Uint8Array(Buffer.from(body)) : body;
}

/** Returns an event with the whole message as its body. `getBody` reports a body that is not JSON. */
function plainEvent(body: string, { id, queueName, sentAt, partitionKey }: MessageOrigin): Event {
  return receivedEvent({
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
export function assertSize(event: Event, bytes: number, max: number): void {
  if (bytes <= max) return;
  throw new BeeHiveError(
    "TooLarge",
    `The event ${event.eventType} ${event.id} has ${bytes} bytes as a message; at most ${max} are taken. ` +
      "Keep large data in the key-value store and send its key, or switch claimCheck on.",
  );
}

/** Returns a message group or deduplication id. SQS takes 128 printable ASCII characters; other texts are hashed. */
export function fifoToken(text: string): string {
  return /^[!-~]{1,128}$/.test(text) ? text : createHash("sha256").update(text).digest("hex");
}
