import { hash } from "node:crypto";
import { BeeHiveError } from "./errors.ts";
import type { ActorOutput } from "./actor.ts";
import { Event, type EventProperty } from "./event.ts";

/**
 * Everything that an actor returned, as a list.
 *
 * @throws BeeHiveError `InvalidOutput` when it is not an iterable of events.
 */
export async function collect(output: ActorOutput, actor: string): Promise<Event[]> {
  if (output === undefined || output === null) return [];
  const events: Event[] = [];
  if (typeof output === "object" && Symbol.asyncIterator in output) {
    for await (const one of output) events.push(assertEvent(one, actor));
  } else if (typeof output === "object" && Symbol.iterator in output) {
    for (const one of output) events.push(assertEvent(one, actor));
  } else {
    throw new BeeHiveError(
      "InvalidOutput",
      `${actor} returned ${describe(output)}; processAsync returns events in an array, another iterable or nothing.`,
    );
  }
  return events;
}

function assertEvent(value: unknown, actor: string): Event {
  if (value instanceof Event) return value;
  throw new BeeHiveError(
    "InvalidOutput",
    `${actor} returned ${describe(value)} among its events; make each with new Event(type, body).`,
  );
}

function describe(value: unknown): string {
  if (value instanceof Event) return "a single event";
  if (value instanceof Promise) return "a promise";
  return value === null ? "null" : typeof value === "object" ? "an object" : `a ${typeof value}`;
}

/**
 * The outputs of a step as they are published: with the input's correlation id, the input as their cause,
 * the trace they belong to, and ids that are the same whenever the same step is repeated.
 */
export function stampOutputs(
  input: Event,
  outputs: readonly Event[],
  tracing: Readonly<Record<string, string>>,
): Event[] {
  const ordinals = outputs.length > 1 ? new Map<string, number>() : undefined;
  return outputs.map((output) => {
    const record = output.toRecordWithoutId();
    return Event.fromRecord({
      ...record,
      id: output.hasId ? output.id : deterministicId(input, output, ordinals),
      correlationId: record.correlationId ?? input.correlationId ?? input.id,
      causationId: input.id,
      properties: withTracing(record.properties, tracing),
    });
  });
}

/**
 * A hash of the input, the subscription, and what is published where; equal outputs of one step are told
 * apart by an ordinal. Never by position alone: an actor that answers in another order on its second try
 * would have a new event dropped as a duplicate of another.
 */
function deterministicId(input: Event, output: Event, ordinals: Map<string, number> | undefined): string {
  const content = `${input.id}\n${input.queueName}\n${output.eventType}\n${output.queueName}\n${traitsOf(output)}\n${textOf(output)}`;
  const ordinal = ordinals?.get(content) ?? 0;
  ordinals?.set(content, ordinal + 1);
  return uuidOf(hash("sha256", ordinal === 0 ? content : `${ordinal}\n${content}`, "buffer"));
}

/** What tells outputs with equal bodies apart; most have nothing of it. */
function traitsOf({ url, partitionKey, properties }: Event): string {
  for (const _ in properties) return JSON.stringify([url, partitionKey, properties]);
  return url === undefined && partitionKey === undefined ? "" : JSON.stringify([url, partitionKey]);
}

function textOf({ body }: Event): string {
  return typeof body === "string" ? body : Buffer.from(body).toString("base64");
}

/**
 * The first 16 bytes as a UUID of version 8, the one for ids made by a rule of one's own (RFC 9562). Read out of one
 * buffer: ids are remembered for a long time, and a text put together of pieces keeps all of them alive.
 */
function uuidOf(digest: Buffer): string {
  digest[6] = ((digest[6] ?? 0) & 0x0f) | 0x80;
  digest[8] = ((digest[8] ?? 0) & 0x3f) | 0x80;
  let at = 0;
  for (let i = 0; i < 16; i++) {
    const byte = digest[i] ?? 0;
    text[at++] = hexDigits[byte >> 4] ?? 0;
    text[at++] = hexDigits[byte & 0xf] ?? 0;
    if (i === 3 || i === 5 || i === 7 || i === 9) text[at++] = hyphen;
  }
  return text.toString("latin1");
}

const text = Buffer.alloc(36);
const hyphen = "-".charCodeAt(0);
const hexDigits = Buffer.from("0123456789abcdef");

function withTracing(
  properties: Readonly<Record<string, EventProperty>> | undefined,
  tracing: Readonly<Record<string, string>>,
): Readonly<Record<string, EventProperty>> | undefined {
  for (const _ in tracing) return Object.freeze({ ...properties, ...tracing });
  return properties;
}
