import { Event } from "../../src/event.ts";

/** How an event lies in a row: everything but its body as JSON, the body as it travels. */
export interface EventRow {
  readonly event: string;
  readonly body: string | Uint8Array;
  /** Beside the JSON for who has it at hand. */
  readonly partitionKey?: string | undefined;
}

/** SQLite ends a text at the first NUL for some of its functions and drivers: such a body is kept as bytes. */
interface Encoding {
  readonly bodyIsText?: true;
}

export function rowOf(event: Event): EventRow {
  const { body, queueName: _, ...rest } = event.toRecord();
  const { partitionKey } = rest;
  if (typeof body === "string" && body.includes("\0")) {
    const encoding: Encoding = { bodyIsText: true };
    return { event: JSON.stringify({ ...rest, ...encoding }), body: Buffer.from(body), partitionKey };
  }
  return { event: JSON.stringify(rest), body, partitionKey };
}

/** @param queueName the subscription that it was in. */
export function eventOf({ event, body }: EventRow, queueName: string): Event {
  const { bodyIsText, ...rest } = JSON.parse(event);
  return Event.fromRecord({ ...rest, queueName, body: bodyIsText ? Buffer.from(body).toString() : body });
}
