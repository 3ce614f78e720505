import type { Lease } from "../../../src/contract/queue-operator.ts";
import type { Replayed } from "../../../src/contract/topic-log.ts";
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
  return { event: splitOrigin(event).event, body: body ?? bytes ?? "" };
}

/** Where an event of the log comes from. Those that are replayed have the number of the rewind. */
interface Origin {
  readonly position: number;
  readonly rewind?: number;
  readonly outputs?: Replayed["outputs"];
}

const originBegins = '{"log":';

/** The position of an event of the log in the text of a message, in SQL; `NULL` for any other event. */
export const positionIn: string = `CASE WHEN starts_with(event, '${originBegins}') THEN substring(event FROM '"position":([0-9]+)') END`;

/** Takes the origin off the text of an event, where the log put it in front. */
function splitOrigin(text: string): { readonly event: string; readonly origin: string | undefined } {
  if (!text.startsWith(originBegins)) return { event: text, origin: undefined };
  const end = text.indexOf("}") + 1;
  return { event: `{${text.slice(end + 1)}`, origin: text.slice(originBegins.length, end) };
}

/** Returns the position of an event of the log, and its mark when a rewind delivers it again. */
export function placeOf({ event }: MessageRow): Pick<Lease, "position" | "replayed"> {
  const { origin } = splitOrigin(event);
  if (origin === undefined) return nowhere;
  const { position, rewind, outputs } = JSON.parse(origin) as Origin;
  const replayed = rewind === undefined || outputs === undefined ? undefined : { position, rewind, outputs };
  return { position, replayed };
}

const nowhere: Pick<Lease, "position" | "replayed"> = { position: undefined, replayed: undefined };

/** Reads the event of a row, which another program may have written. Never throws. */
export function readMessage(row: MessageRow, queueName: string): RowEvent {
  return readRow(eventRowOf(row), queueName);
}

/** Returns the line of an event in a subscription; `null` when it waits for no other. */
export function lineOf({ ordered }: Subscription, { partitionKey }: Pick<Event, "partitionKey">): string | null {
  return ordered && partitionKey ? partitionKey : null;
}
