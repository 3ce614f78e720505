import { copyOf, textIn } from "../base/bytes.ts";
import { systemClock } from "../base/clock.ts";
import { BeeHiveError } from "../base/errors.ts";
import { jsonErrorPlace } from "../base/json-error.ts";
import { lossyKind, lostWithin } from "../base/lossy-value.ts";
import { isJson } from "./body.ts";
import { noProperties, withoutMark } from "./event-checks.ts";
import { Event, type EventProperty, type EventRecord } from "./event.ts";
import { memberText } from "./json-source.ts";
import { withoutCancelKey } from "./withdrawal.ts";

/** A CloudEvent 1.0 in the JSON format (https://github.com/cloudevents/spec). */
export interface CloudEvent {
  readonly specversion: "1.0";
  readonly id: string;
  readonly source: string;
  readonly type: string;
  readonly time?: string | undefined;
  readonly datacontenttype?: string | undefined;
  readonly data?: unknown;
  readonly data_base64?: string | undefined;
  /** Extension attributes. */
  readonly [extension: string]: unknown;
}

/** The source of events without a property `source`. */
const defaultSource = "urn:beehive";

/** The media type of an event in structured JSON. */
export const cloudEventsJson = "application/cloudevents+json";

/** The attributes of event fields. CloudEvents allows lower-case letters and digits, at most 20. */
const fields = {
  correlationId: "correlationid",
  causationId: "causationid",
  partitionKey: "partitionkey",
  queueName: "beehivequeue",
  url: "beehiveurl",
  enqueueTime: "beehiveenqueuetime",
  properties: "beehiveproperties",
  delivery: "beehivedelivery",
} as const;

const attributes = new Set<string>([
  "specversion",
  "id",
  "source",
  "type",
  "time",
  "datacontenttype",
  "data",
  "data_base64",
  ...Object.values(fields),
]);

/**
 * Converts an event to a CloudEvent. {@link fromCloudEvent} converts it back to an equal event.
 *
 * Properties become extension attributes where CloudEvents allows it; the others travel in `beehiveproperties`.
 * `data` is the body as a value, which rounds numbers of more than 15 digits; {@link toCloudEventText} keeps them.
 */
export function toCloudEvent(event: Event): CloudEvent {
  const record = event.toRecord();
  return { ...attributesOf(record), ...dataOf(record) };
}

/** Converts an event to the JSON text of a CloudEvent, as {@link toCloudEvent}, with a JSON body as it was written. */
export function toCloudEventText(event: Event): string {
  const record = event.toRecord();
  return withData(attributesOf(record), record);
}

/** @internal Returns the JSON text of a CloudEvent with these attributes and the body of the record. */
export function withData(attributes: CloudEvent, record: EventRecord): string {
  const { data, data_base64 } = dataOf(record);
  if (data_base64 !== undefined) return JSON.stringify({ ...attributes, data_base64 });
  const text = JSON.stringify(attributes);
  if (data === undefined) return text;
  // Inserts the body itself: `data` was parsed from it, and written again it would be another text.
  return `${text.slice(0, -1)},"data":${isJson(record.contentType) ? (record.body as string) : JSON.stringify(data)}}`;
}

/**
 * Converts a CloudEvent of any producer to an event.
 *
 * Attributes without a field become properties: `source`, `subject`, `dataschema`, extensions. The sender's queue, due
 * time, delivery and cancel key (`beehivequeue`, `beehiveenqueuetime`, `beehivedelivery`, `cancelkey`) are ignored: set
 * them here, or with {@link Event.clone}.
 *
 * @param queueName the destination of the event, or the queue that it came from.
 * @throws BeeHiveError `InvalidEvent` if it is not a CloudEvent 1.0; the message names the attribute.
 * @example
 * await hive.push(fromCloudEvent(request.body, "OrderAccepted-"));
 */
export function fromCloudEvent(value: unknown, queueName = ""): Event {
  return withoutOrders(cloudEventRecord(value), queueName);
}

/**
 * Converts the JSON text of a CloudEvent to an event, as {@link fromCloudEvent}.
 *
 * Keeps JSON data as it is written, also numbers of more than 15 digits.
 *
 * @param queueName the destination of the event, or the queue that it came from.
 * @throws BeeHiveError `InvalidEvent` if it is not JSON, or not a CloudEvent 1.0.
 */
export function fromCloudEventText(json: string, queueName = ""): Event {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    // The error of JSON.parse quotes the text; bodies do not belong in errors.
    throw notOne(`it is not JSON, wrong ${jsonErrorPlace(json) ?? "somewhere"}`);
  }
  return withoutOrders(cloudEventRecord(value, json), queueName);
}

function withoutOrders(record: EventRecord, queueName: string): Event {
  const properties = withoutCancelKey(withoutMark(record.properties ?? {}));
  return Event.fromRecord({ ...record, properties, queueName, enqueueTime: undefined, delivery: "business" });
}

/**
 * @internal Returns the record of a CloudEvent from a queue of the hive, whose senders are trusted.
 *
 * Obeys its queue, due time and delivery, and does not check its texts.
 *
 * @param json the text that `value` was parsed from; its data then becomes the body as it is written.
 */
export function cloudEventRecord(value: unknown, json?: string): EventRecord {
  const cloudEvent = assertCloudEvent(value);
  const properties = propertiesOf(cloudEvent);
  const contentType =
    textOf(cloudEvent.datacontenttype) ??
    (textOf(cloudEvent.data_base64) === undefined && !(cloudEvent.data instanceof Uint8Array)
      ? "application/json"
      : "application/octet-stream");
  return {
    id: cloudEvent.id,
    eventType: cloudEvent.type,
    queueName: textOf(cloudEvent[fields.queueName]) ?? "",
    timestamp: timeOf("time", cloudEvent.time) ?? systemClock.now(),
    contentType,
    body: bodyOf(cloudEvent, contentType, json),
    url: textOf(cloudEvent[fields.url]),
    properties,
    enqueueTime: timeOf(fields.enqueueTime, cloudEvent[fields.enqueueTime]),
    correlationId: textOf(cloudEvent[fields.correlationId]),
    causationId: textOf(cloudEvent[fields.causationId]),
    partitionKey: textOf(cloudEvent[fields.partitionKey]),
    delivery: cloudEvent[fields.delivery] === "log" ? "log" : "business",
  };
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

/** Returns the extensions of a CloudEvent, its other properties and its source. */
function propertiesOf(cloudEvent: CloudEvent): Readonly<Record<string, EventProperty>> {
  const { source } = cloudEvent;
  const extensions = Object.keys(cloudEvent).filter((name) => !attributes.has(name));
  const others = propertiesIn(cloudEvent);
  if (extensions.length === 0 && others.length === 0 && source === defaultSource) return noProperties;
  const entries = [
    ...extensions.map((name) => [name, cloudEvent[name]] as const),
    ...others,
    // The source is part of the identity: beside one that is an attribute no other counts.
    ...(source === defaultSource ? [] : [["source", source] as const]),
  ];
  // Built from entries: an assignment to `__proto__` would change what the object inherits.
  return Object.freeze(Object.fromEntries(entries.filter(isProperty)));
}

/** @internal Returns the attributes of an event without its data. */
export function attributesOf(record: EventRecord): CloudEvent {
  const properties = record.properties ?? noProperties;
  const source = properties["source"];
  const extensions: Record<string, EventProperty> = {};
  const others: [name: string, value: EventProperty][] = [];
  for (const [name, value] of Object.entries(properties)) {
    if (name === "source") continue;
    if (isExtension(name, value)) extensions[name] = value;
    else others.push([name, value]);
  }
  const named = typeof source === "string" && (uri.test(source) || relative.test(source)) && source !== defaultSource;
  if (source !== undefined && !named) others.push(["source", source]);
  const cloudEvent: { -readonly [Name in keyof CloudEvent]: CloudEvent[Name] } = {
    specversion: "1.0",
    id: record.id,
    source: named ? source : defaultSource,
    type: record.eventType,
    time: new Date(record.timestamp).toISOString(),
    datacontenttype: record.contentType,
    ...extensions,
  };
  const add = (name: string, value: string | undefined): void => {
    if (value !== undefined) cloudEvent[name] = value;
  };
  add(fields.correlationId, record.correlationId);
  add(fields.causationId, record.causationId);
  add(fields.partitionKey, record.partitionKey);
  add(fields.queueName, record.queueName);
  add(fields.url, record.url);
  if (record.enqueueTime !== undefined) add(fields.enqueueTime, new Date(record.enqueueTime).toISOString());
  if (record.delivery === "log") add(fields.delivery, "log");
  if (others.length > 0) add(fields.properties, JSON.stringify(Object.fromEntries(others)));
  return cloudEvent;
}

/** A URI, and a relative reference (RFC 3986): approximate, to tell them from other text. */
const uri =
  /^[a-z][a-z\d+.-]*:(?!\?)(?:[\w.~:/?@!$&'()*+,;=-]|%[\da-f]{2})+(?:#(?:[\w.~:/?@!$&'()*+,;=-]|%[\da-f]{2})*)?$/i;
const relative = /^(?:[\w.~/@!$&'()*+,;=-]|%[\da-f]{2})+$/i;

/**
 * Returns whether a property may be an attribute: `subject`, `dataschema`, or an extension.
 *
 * The value of an extension is a text without control characters, a boolean or a 32-bit integer.
 */
function isExtension(name: string, value: EventProperty): boolean {
  if (name === "subject") return typeof value === "string" && value !== "" && !/[\p{Cc}\p{Cs}]/u.test(value);
  if (name === "dataschema") return typeof value === "string" && uri.test(value);
  if (!/^[a-z0-9]{1,20}$/.test(name) || attributes.has(name)) return false;
  if (typeof value === "string") return !/[\p{Cc}\p{Cs}]/u.test(value);
  return typeof value === "boolean" || (Number.isInteger(value) && Math.abs(value) < 2 ** 31 && !Object.is(value, -0));
}

function dataOf({ body, contentType }: EventRecord): Pick<CloudEvent, "data" | "data_base64"> {
  if (body.length === 0) return {};
  if (typeof body !== "string") return { data_base64: Buffer.from(body).toString("base64") };
  if (!isJson(contentType)) return { data: body };
  try {
    const data: unknown = JSON.parse(body);
    // JSON data of null looks like no data.
    if (data !== null) return { data };
  } catch {
    // A body that is not JSON travels unchanged; its reader reports the problem.
  }
  return { data_base64: Buffer.from(body).toString("base64") };
}

/** Base64 by RFC 4648, also that of URLs, with optional padding and line breaks. */
function isBase64(text: string): boolean {
  const bare = text.replace(/\s/g, "").replace(/={1,2}$/, "");
  return !/[^\w+/-]/.test(bare) && bare.length % 4 !== 1;
}

function bodyOf(cloudEvent: CloudEvent, contentType: string, json?: string): string | Uint8Array {
  const { data } = cloudEvent;
  const base64 = textOf(cloudEvent.data_base64);
  if (base64 !== undefined) {
    if (!isBase64(base64)) throw notOne("its data_base64 is not base64");
    return bytesAs(contentType, new Uint8Array(Buffer.from(base64, "base64")));
  }
  if (data === undefined || data === null) return "";
  if (!isJson(contentType) && typeof data === "string") return data;
  if (data instanceof Uint8Array) return bytesAs(contentType, copyOf(data));
  return (json === undefined ? undefined : memberText(json, "data")) ?? jsonOf(data);
}

function bytesAs(contentType: string, bytes: Uint8Array): string | Uint8Array {
  return isJson(contentType) ? (textIn(bytes) ?? bytes) : bytes;
}

function jsonOf(data: unknown): string {
  let json: string;
  try {
    json = JSON.stringify(data);
  } catch {
    throw notOne("its data cannot be written as JSON: it is no JSON value, or is nested too deeply");
  }
  const lost = lossyKind(data) ?? lostWithin(data, json);
  if (lost !== undefined) throw notOne(`its data has ${lost}, of which JSON would keep nothing that can be read`);
  return json;
}

function isProperty(entry: readonly [string, unknown]): entry is readonly [string, EventProperty] {
  return ["string", "number", "boolean"].includes(typeof entry[1]);
}

/** Returns the properties that CloudEvents does not allow as extensions. */
function propertiesIn(cloudEvent: CloudEvent): [name: string, value: unknown][] {
  const text = cloudEvent[fields.properties];
  if (typeof text !== "string") return [];
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === "object" && parsed !== null ? Object.entries(parsed) : [];
  } catch {
    throw notOne(`${fields.properties} is not JSON`);
  }
}

function assertCloudEvent(value: unknown): CloudEvent {
  if (typeof value !== "object" || value === null) throw notOne("it is not an object");
  const given = value as Readonly<Record<string, unknown>>;
  if (given["specversion"] !== "1.0")
    throw notOne(`its specversion is ${JSON.stringify(given["specversion"])}, not "1.0"`);
  for (const name of ["id", "source", "type"]) {
    if (typeof given[name] !== "string" || given[name] === "")
      throw notOne(`its ${name} must be a text that is not empty`);
  }
  for (const name of ["time", "datacontenttype", "data_base64"]) {
    const one = given[name];
    if (one !== undefined && one !== null && typeof one !== "string") throw notOne(`its ${name} must be a text`);
  }
  // The copy has only the object's own members, as its JSON has.
  return { ...given } as CloudEvent;
}

function timeOf(name: string, text: unknown): number | undefined {
  if (typeof text !== "string") return undefined;
  const time = Date.parse(text);
  if (Number.isNaN(time)) throw notOne(`its ${name}, ${JSON.stringify(text.slice(0, 80))}, is not a time`);
  return time;
}

function notOne(reason: string): BeeHiveError {
  return new BeeHiveError("InvalidEvent", `Not a CloudEvent 1.0: ${reason}.`);
}
