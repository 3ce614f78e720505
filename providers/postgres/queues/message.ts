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

/** Takes the origin off the text of an event, where the log put it in front. */
function splitOrigin(text: string): { readonly event: string; readonly origin: string | undefined } {
  if (!text.startsWith(originBegins)) return { event: text, origin: undefined };
  const end = text.indexOf("}") + 1;
  return { event: `{${text.slice(end + 1)}`, origin: text.slice(originBegins.length, end) };
}

/** Returns the mark of an event that a rewind delivers again. */
export function replayedOf({ event }: MessageRow): Replayed | undefined {
  const { origin } = splitOrigin(event);
  if (origin === undefined) return undefined;
  const { position, rewind, outputs } = JSON.parse(origin) as Origin;
  return rewind === undefined || outputs === undefined ? undefined : { position, rewind, outputs };
}

/** Reads the event of a row, which another program may have written. Never throws. */
export function readMessage(row: MessageRow, queueName: string): RowEvent {
  return readRow(eventRowOf(row), queueName);
}

/** Returns the line of an event in a subscription; `null` when it waits for no other. */
export function lineOf({ ordered }: Subscription, { partitionKey }: Pick<Event, "partitionKey">): string | null {
  return ordered && partitionKey ? partitionKey : null;
}
