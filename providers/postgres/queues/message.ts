import type { Event } from "../../../src/events/event.ts";
import { readRow, rowOf, type EventRow, type RowEvent } from "../../../src/provider-kit/event-row.ts";
import type { Subscription } from "./topology.ts";

/** The columns of an event: texts of PostgreSQL hold no NUL, so that the body is in one of two. */
export interface MessageRow {
  readonly event: string;
  readonly body: string | null;
  readonly bytes: Uint8Array | null;
}

export function messageOf(event: Event): MessageRow {
  const { event: text, body } = rowOf(event);
  return typeof body === "string" ? { event: text, body, bytes: null } : { event: text, body: null, bytes: body };
}

export function eventRowOf({ event, body, bytes }: MessageRow): EventRow {
  return { event, body: body ?? bytes ?? "" };
}

/** Reads the event of a row, which another program may have written. Never throws. */
export function readMessage(row: MessageRow, queueName: string): RowEvent {
  return readRow(eventRowOf(row), queueName);
}

/** Returns the line of an event in a subscription; `null` when it waits for no other. */
export function lineOf({ ordered }: Subscription, { partitionKey }: Pick<Event, "partitionKey">): string | null {
  return ordered && partitionKey ? partitionKey : null;
}
