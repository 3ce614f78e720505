import { BeeHiveError } from "../base/errors.ts";
import { printableLine, shown } from "../base/printable.ts";
import type { EventOptions, EventProperty, EventRecord } from "./event-record.ts";

/*
 * The rules for the fields of an event. Checked at run time, since options also come from JSON and plain JavaScript: an
 * event that a driver or broker refuses would hold up all events behind it.
 */

export const noProperties: Readonly<Record<string, EventProperty>> = Object.freeze({});

/**
 * The property that says why no actor may have an event. It travels with the event, to the dead letters and back; only
 * the reader of a message sets it.
 */
export const unreadableProperty = "beehiveunreadable";

/** The properties without the mark of unreadable events, which no sender may set. */
export function withoutMark(
  properties: Readonly<Record<string, EventProperty>>,
): Readonly<Record<string, EventProperty>> {
  if (!Object.hasOwn(properties, unreadableProperty)) return properties;
  return Object.freeze(Object.fromEntries(Object.entries(properties).filter(([name]) => name !== unreadableProperty)));
}

const optionNames: ReadonlySet<string> = new Set<keyof EventOptions>([
  "id",
  "queueName",
  "timestamp",
  "contentType",
  "url",
  "properties",
  "delay",
  "enqueueTime",
  "correlationId",
  "causationId",
  "partitionKey",
  "delivery",
  "byReference",
  "cancelKey",
  "expires",
]);

/** The latest time of a `Date`, in ms since the epoch. */
const maxTime = 8.64e15;

/** @throws BeeHiveError `InvalidEvent`, which names the first unknown option and lists the known ones. */
export function assertKnownOptions(options: EventOptions): void {
  if (typeof options !== "object" || options === null)
    throw invalid(`its options must be an object, not ${kindOf(options)}`);
  for (const name in options) {
    if (optionNames.has(name)) continue;
    throw invalid(`"${name}" is no option of an event; the options are ${[...optionNames].join(", ")}`);
  }
}

/** Returns an id or type that every provider can carry: printable, at most 128 characters. */
export function checkedHeader(what: string, text: unknown): string {
  assertText(what, text);
  if (text.length > 128)
    throw invalid(`the ${what} of an event has ${text.length} characters; at most 128 are carried`);
  assertNoControls(what, text);
  if (!text.isWellFormed()) throw malformed(what);
  return text;
}

function assertText(what: string, text: unknown): asserts text is string {
  if (typeof text !== "string" || text === "")
    throw invalid(`the ${what} of an event must be a text that is not empty, not ${kindOf(text)}`);
}

function assertNotEmpty(what: string, text: unknown): asserts text is string {
  assertText(what, text);
  wellFormed(what, text);
}

/** Returns an optional text; `undefined` for an empty one. */
export function checkedText(what: string, text: unknown): string | undefined {
  if (text === undefined || text === "") return undefined;
  if (typeof text !== "string") throw invalid(`the ${what} of an event must be a text, not ${kindOf(text)}`);
  return wellFormed(what, text);
}

/** Returns an optional text that must be printable. */
export function checkedLine(what: string, text: unknown): string | undefined {
  const checked = checkedText(what, text);
  if (checked !== undefined) assertNoControls(what, checked);
  return checked;
}

/** Returns the time of a date in ms since the epoch. */
export function checkedTime(what: string, time: unknown): number | undefined {
  if (time === undefined) return undefined;
  if (typeof (time as Date | null)?.getTime !== "function")
    throw invalid(`the ${what} of an event must be a Date, not ${kindOf(time)}; make one with new Date(...)`);
  const ms = (time as Date).getTime();
  if (Number.isNaN(ms)) throw invalid(`the ${what} of an event must be a valid date`);
  return ms;
}

export function checkedDelivery(delivery: unknown): "business" | "log" {
  if (delivery === undefined) return "business";
  if (delivery === "business" || delivery === "log") return delivery;
  const given = typeof delivery === "string" ? printableLine(shown(delivery)) : kindOf(delivery);
  throw invalid(`the delivery of an event must be "business" or "log", not ${given}`);
}

/** Returns a frozen copy of properties. */
export function checkedProperties(properties: unknown): Readonly<Record<string, EventProperty>> {
  if (properties === undefined) return noProperties;
  assertProperties(properties);
  return withoutMark(Object.freeze({ ...properties }));
}

/**
 * Checks a record as options are checked. Ids and types of other producers may be longer and hold line breaks.
 *
 * @throws BeeHiveError `InvalidEvent`, which names the first wrong field.
 */
export function assertRecord(record: EventRecord): void {
  assertNotEmpty("id", record.id);
  assertNotEmpty("eventType", record.eventType);
  assertNotEmpty("contentType", record.contentType);
  if (record.queueName !== "") assertNotEmpty("queueName", record.queueName);
  checkedText("url", record.url);
  checkedText("correlationId", record.correlationId);
  checkedText("causationId", record.causationId);
  checkedText("partitionKey", record.partitionKey);
  checkedDelivery(record.delivery);
  assertInstant("timestamp", record.timestamp);
  if (record.enqueueTime !== undefined) assertInstant("enqueueTime", record.enqueueTime);
  if (record.properties !== undefined) assertProperties(record.properties);
  assertBody(record.body);
}

/** Checks that a body is bytes or text that UTF-8 can carry. */
export function assertBody(body: unknown): void {
  if (body instanceof Uint8Array) return;
  if (typeof body !== "string") throw invalid(`its body must travel as text or bytes, not as ${kindOf(body)}`);
  if (!body.isWellFormed()) throw invalid("its body is not well-formed Unicode: it has half of a surrogate pair");
}

function assertProperties(properties: unknown): asserts properties is Readonly<Record<string, EventProperty>> {
  if (properties === noProperties) return;
  if (typeof properties !== "object" || properties === null || Symbol.iterator in properties)
    throw invalid(`the properties of an event must be an object, not ${kindOf(properties)}`);
  for (const name in properties) {
    wellFormed("name of a property", name);
    const value: unknown = (properties as Readonly<Record<string, unknown>>)[name];
    if (typeof value === "string") wellFormed(`property "${name}"`, value);
    else if (typeof value !== "boolean" && !Number.isFinite(value))
      throw invalid(`the property "${name}" of an event must be a text, a finite number or a boolean`);
  }
}

function assertInstant(what: string, ms: unknown): void {
  if (typeof ms === "number" && Math.abs(ms) <= maxTime) return;
  throw invalid(`the ${what} of an event must be ms since the epoch that a Date can have, not ${kindOf(ms)}`);
}

/** Refuses NUL, where drivers end a text, and half surrogate pairs, which UTF-8 cannot hold. */
function wellFormed(what: string, text: string): string {
  if (text.includes("\0")) throw invalid(`the ${what} of an event must not hold NUL (U+0000)`);
  if (!text.isWellFormed()) throw malformed(what);
  return text;
}

function malformed(what: string): BeeHiveError {
  return invalid(`the ${what} of an event is not well-formed Unicode: it has half of a surrogate pair`);
}

function assertNoControls(what: string, text: string): void {
  // oxlint-disable-next-line no-control-regex -- control characters are what is refused
  if (/[\u0000-\u001f\u007f]/.test(text)) throw invalid(`the ${what} of an event must not hold control characters`);
}

/** Returns the kind of a value for a message, never the value. It may be secret. */
export function kindOf(value: unknown): string {
  if (value === undefined || value === null || typeof value === "boolean" || typeof value === "number")
    return String(value);
  if (typeof value === "string") return value === "" ? "an empty text" : "a text";
  if (Array.isArray(value)) return "an array";
  return typeof value === "object" ? `an object (${value.constructor?.name ?? "Object"})` : `a ${typeof value}`;
}

export function invalid(reason: string): BeeHiveError {
  return new BeeHiveError("InvalidEvent", `Not an event: ${reason}.`);
}

/*
 * The key by which an event is cancelled, and the time when it expires. Both are properties, which every provider
 * carries: an event without them is no larger.
 */
