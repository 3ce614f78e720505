import { hash } from "node:crypto";
import { textIn } from "../../src/base/bytes.ts";
import { uuidOf } from "../../src/base/uuid.ts";
import { CodedBody, isCoded, isJson, type Body } from "../../src/events/body.ts";
import { withoutMark } from "../../src/events/event-checks.ts";
import { withoutCancelKey } from "../../src/events/withdrawal.ts";
import { cloudEventRecord } from "../../src/events/cloud-events.ts";
import { Event, type EventRecord } from "../../src/events/event.ts";
import { framedFormat } from "../../src/schemas/frame.ts";
import type { KafkaRecord } from "./client.ts";
import type { EventShape } from "./event-shape.ts";

/** The place of a record, which identifies its event. */
export interface RecordPlace {
  readonly topic: string;
  readonly partition: number;
  /** How often the partition was sought: what is read again is not taken for a repeat. */
  readonly pass: number;
}

/** The longest id that every provider carries. */
const maxId = 128;
const binary = "application/octet-stream";
/** The content types of bodies in Avro and Protobuf. */
const binarySchema = /^application\/(?:avro|protobuf)\s*(?:;|$)/i;
// oxlint-disable-next-line no-control-regex -- control characters are what is searched
const control = /[\u0000-\u001f\u007f]/;

/**
 * Makes the event of a record. Headers become properties.
 *
 * Reads those of a CloudEvent (`ce_type` and so on) as its attributes, all but the id, which is the property `ce_id`.
 */
export function eventOf(record: KafkaRecord, place: RecordPlace, shape: EventShape): Event {
  const { value, timestamp, headers } = record;
  const partitionKey = keyOf(record);
  const texts = Object.fromEntries(headers.map(([name, bytes]) => [name, bytes ? textOr64(bytes) : ""]));
  const { "content-type": given, ...properties } = texts;
  const plain = { eventType: shape.eventType, timestamp: Math.max(0, timestamp), properties };
  const described = cloudEventIn(properties) ?? plain;
  const body = bodyOf(value, given === undefined || given === "" ? shape.contentType : given);
  const event = Event.fromRecord({
    ...described,
    properties: withoutCancelKey(withoutMark(described.properties ?? {})),
    id: idOf(record.offset, place),
    queueName: shape.queueName,
    ...body,
    ...(partitionKey !== undefined && { partitionKey }),
  });
  return isEncoded(body.contentType) ? event.with({ body: new CodedBody(body.body, body) }) : event;
}

/** Returns whether a codec or another serialiser wrote a body. The codec of the hive then leaves it as it is. */
function isEncoded(contentType: string): boolean {
  return isCoded(contentType) || framedFormat(contentType) !== undefined || binarySchema.test(contentType);
}

/** Returns the partition key of the event of a record. */
export function keyOf({ key }: KafkaRecord): string | undefined {
  return key && key.length > 0 ? textOr64(key) : undefined;
}

/** Returns the event with the id that it was published with. One whose record names none has that of its place. */
export function withOwnId(event: Event): Event {
  const { ce_id: id, ...properties } = event.properties;
  return typeof id === "string" && id !== "" ? event.with({ id, properties }) : event;
}

/** Returns what the headers of a CloudEvent say; `undefined` for a record that is none. */
function cloudEventIn(texts: Readonly<Record<string, string>>): Omit<EventRecord, "body" | "contentType"> | undefined {
  if (texts["ce_specversion"] !== "1.0") return undefined;
  const named = Object.entries(texts).map(([name, text]) => [name.startsWith("ce_"), name, text] as const);
  const attributes = named.flatMap(([isOne, name, text]) => (isOne ? [[name.slice(3), text] as const] : []));
  const others = named.flatMap(([isOne, name, text]) => (isOne ? [] : [[name, text] as const]));
  try {
    const {
      body: _,
      contentType: __,
      enqueueTime: ___,
      delivery: ____,
      ...record
    } = cloudEventRecord(Object.fromEntries(attributes));
    const properties = { ...record.properties, ...Object.fromEntries(others), ce_id: record.id };
    return { ...record, properties };
  } catch {
    // The headers of a CloudEvent with a mistake are headers like any others.
    return undefined;
  }
}

/** Returns `topic:partition:offset`; a UUID of it where it is too long. */
function idOf(offset: number, { topic, partition, pass }: RecordPlace): string {
  const id = `${topic}:${partition}:${offset}${pass === 0 ? "" : `:${pass}`}`;
  return id.length <= maxId ? id : uuidOf(hash("sha256", id, "hex"));
}

/** A tombstone has no body. Text that is not UTF-8 stays as bytes. */
function bodyOf(value: Uint8Array | undefined, contentType: string): Body {
  if (!value) return { body: "", contentType };
  if (!isJson(contentType) && !contentType.startsWith("text/")) return { body: value, contentType };
  const text = textIn(value);
  return text === undefined ? { body: value, contentType: binary } : { body: text, contentType };
}

/** Returns the text of bytes; base64 where they are none, or hold control characters. */
function textOr64(bytes: Uint8Array): string {
  const text = textIn(bytes);
  return text === undefined || control.test(text) ? Buffer.from(bytes).toString("base64") : text;
}
