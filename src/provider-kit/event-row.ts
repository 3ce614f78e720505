import { createHash } from "node:crypto";
import { messageOf } from "../base/error-text.ts";
import { BeeHiveError } from "../base/errors.ts";
import { jsonErrorPlace } from "../base/json-error.ts";
import { Event, type EventRecord } from "../events/event.ts";
import { receivedEvent } from "../events/unreadable.ts";

/** An event as databases keep it: its body, and everything else as JSON. */
export interface EventRow {
  readonly event: string;
  readonly body: string | Uint8Array;
}

/** Values of nearly all events, which rows leave out. */
const usual = { contentType: "application/json", delivery: "business" } as const;

type Kept = Omit<EventRecord, "body" | "queueName">;

/** Bodies with NUL are kept as bytes: texts of PostgreSQL have none, some functions and drivers of SQLite end there. */
interface Encoding {
  readonly bodyIsText: true | undefined;
}

export function rowOf(event: Event): EventRow {
  const record = event.toRecord();
  const { body, contentType, delivery, properties } = record;
  const bodyIsText = typeof body === "string" && body.includes("\0") ? true : undefined;
  const kept: { readonly [K in keyof Kept]-?: Kept[K] | undefined } & Encoding = {
    id: record.id,
    eventType: record.eventType,
    timestamp: record.timestamp,
    contentType: contentType === usual.contentType ? undefined : contentType,
    url: record.url,
    properties: isEmpty(properties) ? undefined : properties,
    enqueueTime: record.enqueueTime,
    correlationId: record.correlationId,
    causationId: record.causationId,
    partitionKey: record.partitionKey,
    delivery: delivery === usual.delivery ? undefined : delivery,
    bodyIsText,
  };
  return { event: labelled(JSON.stringify(kept), event), body: bodyIsText ? Buffer.from(body as string) : body };
}

/*
 * The text of an event with a cancel key begins with a label: a hash of the key, always in the same place. So databases
 * index such events alone, by a few characters of their texts, and rows of other events are as they were.
 */

const labelBegins = '{"cancel":"';
const labelLength = 32;

function labelled(text: string, { cancelKey }: Event): string {
  return cancelKey === undefined ? text : `${labelBegins}${cancelLabel(cancelKey)}",${text.slice(1)}`;
}

/** Returns the label of a cancel key, see {@link hasLabel}. */
export function cancelLabel(cancelKey: string): string {
  return createHash("sha256").update(cancelKey).digest("hex").slice(0, labelLength);
}

/** SQL: the label in the column `event`, and the condition of rows that have one, for an index of these rows alone. */
export const labelOf: string = `substr(event, ${labelBegins.length + 1}, ${labelLength})`;
export const hasLabel: string = `substr(event, 1, ${labelBegins.length}) = '${labelBegins}'`;

/** An event read from a row. */
export interface RowEvent {
  readonly event: Event;
  /** The reason why the row cannot be read. `event` is then a stand-in with the content of the row. */
  readonly problem: BeeHiveError | undefined;
}

/** Returns the event of a row, or a stand-in when it cannot be read. @param queueName The subscription of the row. */
export function eventOf(row: EventRow, queueName: string): Event {
  return readRow(row, queueName).event;
}

/** Reads a row, which another program may have written. Never throws. */
export function readRow(row: EventRow, queueName: string): RowEvent {
  try {
    return { event: receivedEvent(checkedRecord(recordOf(row, queueName))), problem: undefined };
  } catch (error) {
    return standIn(row, queueName, messageOf(error));
  }
}

/** Completes the parsed record in place: a copy would cost as much as parsing. */
function recordOf({ event, body }: EventRow, queueName: string): EventRecord {
  const record: { -readonly [K in keyof EventRecord]: EventRecord[K] } & Encoding = parsed(event);
  const { bodyIsText } = record;
  if (bodyIsText !== undefined) delete (record as { bodyIsText?: unknown }).bodyIsText;
  if (record.contentType === undefined) record.contentType = usual.contentType;
  if (record.delivery === undefined) record.delivery = usual.delivery;
  record.queueName = queueName;
  record.body = bodyOf(body, bodyIsText);
  return record;
}

function parsed(event: string): EventRecord & Encoding {
  let value: unknown;
  try {
    value = JSON.parse(event);
  } catch {
    // Do not use the error of JSON.parse: it quotes the event, which may be confidential.
    throw new Error(`its event is not JSON, wrong ${jsonErrorPlace(event) ?? "somewhere"}`);
  }
  if (typeof value === "object" && value !== null) return value as EventRecord & Encoding;
  throw new Error("its event is no JSON object");
}

const texts = ["id", "eventType", "contentType"] as const;
const optionalTexts = ["url", "correlationId", "causationId", "partitionKey"] as const;

/** Checks a record. Optional texts that are numbers, which earlier releases accepted, become texts. */
function checkedRecord(record: EventRecord): EventRecord {
  for (const name of texts) if (typeof record[name] !== "string") throw new Error(`its ${name} is no text`);
  if (!Number.isFinite(record.timestamp)) throw new Error("its timestamp is no number");
  if (isThere(record.enqueueTime) && !Number.isFinite(record.enqueueTime))
    throw new Error("its enqueueTime is no number");
  if (isThere(record.properties) && typeof record.properties !== "object") throw new Error("its properties are none");
  for (const name of optionalTexts)
    if (isThere(record[name]) && typeof record[name] !== "string") return withTexts(record);
  return record;
}

function withTexts(record: EventRecord): EventRecord {
  const asTexts = optionalTexts.map((name) => [name, isThere(record[name]) ? String(record[name]) : undefined]);
  return { ...record, ...Object.fromEntries(asTexts) };
}

function isThere(value: unknown): boolean {
  return value !== undefined && value !== null;
}

/** Returns an event with the content of an unreadable row, so that nothing is lost. Its id is a hash of the content. */
function standIn(row: EventRow, queueName: string, why: string): RowEvent {
  const contents = Buffer.concat([Buffer.from(`${row.event}\n`), Buffer.from(String(row.body))]);
  const id = `unreadable-${createHash("sha256").update(contents).digest("hex").slice(0, 32)}`;
  const event = Event.fromRecord({
    id,
    eventType: "Unreadable",
    queueName,
    timestamp: 0,
    contentType: "application/octet-stream",
    body: new Uint8Array(contents),
  });
  const message = `A row of ${queueName} cannot be read: ${why}. The event ${id} holds its content.`;
  return { event, problem: new BeeHiveError("BodyUnreadable", message) };
}

/** Copies the bytes of a body, because some drivers return a `Buffer` whose slices share memory. */
function bodyOf(body: string | Uint8Array, isText: true | undefined): string | Uint8Array {
  if (typeof body === "string") return body;
  if (!(body instanceof Uint8Array)) throw new Error("its body is neither text nor bytes");
  return isText ? Buffer.from(body).toString() : new Uint8Array(body);
}

function isEmpty(properties: object | undefined): boolean {
  for (const _ in properties) return false;
  return true;
}
