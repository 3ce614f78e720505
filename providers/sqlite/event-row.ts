import type { Event, EventRecord } from "../../src/event.ts";
import { receivedEvent } from "../../src/unreadable.ts";

/** How an event lies in a row: everything but its body as JSON, the body as it travels. */
export interface EventRow {
  readonly event: string;
  readonly body: string | Uint8Array;
}

/** What nearly all events have in common is left out of rows. */
const usual = { contentType: "application/json", delivery: "business" } as const;

type Kept = Omit<EventRecord, "body" | "queueName">;

/** SQLite ends a text at the first NUL for some of its functions and drivers: such a body is kept as bytes. */
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
  return { event: JSON.stringify(kept), body: bodyIsText ? Buffer.from(body as string) : body };
}

/** @param queueName the subscription that it was in. */
export function eventOf({ event, body }: EventRow, queueName: string): Event {
  const { bodyIsText, ...rest } = JSON.parse(event);
  return receivedEvent({ ...usual, ...rest, queueName, body: bodyOf(body, bodyIsText) });
}

/** Some drivers hand over a `Buffer`, whose slices would share their memory. */
function bodyOf(body: string | Uint8Array, isText: true | undefined): string | Uint8Array {
  if (typeof body === "string") return body;
  return isText ? Buffer.from(body).toString() : new Uint8Array(body);
}

function isEmpty(properties: object | undefined): boolean {
  for (const _ in properties) return false;
  return true;
}
