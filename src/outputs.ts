import { hash } from "node:crypto";
import { adopted } from "./adopted-event.ts";
import { BeeHiveError } from "./errors.ts";
import { isBranded } from "./brand.ts";
import type { ActorOutput } from "./actor.ts";
import type { Event, EventProperty } from "./event.ts";
import { isEventType } from "./event-type.ts";

/**
 * Everything that an actor returned, as a list; a promise of one only for what arrives over time.
 *
 * @throws BeeHiveError `InvalidOutput` when it is not an iterable of events.
 */
export function collect(output: ActorOutput, actor: string): readonly Event[] | Promise<readonly Event[]> {
  if (output === undefined || output === null) return [];
  if (typeof output === "object" && Symbol.asyncIterator in output) return collectAsync(output, actor);
  if (typeof output === "object" && Symbol.iterator in output) {
    const events: Event[] = [];
    for (const one of output) events.push(assertEvent(one, actor));
    return events;
  }
  throw new BeeHiveError(
    "InvalidOutput",
    `${actor} returned ${describe(output)}; processAsync returns events in an array, another iterable or nothing.`,
  );
}

async function collectAsync(output: AsyncIterable<Event>, actor: string): Promise<readonly Event[]> {
  const events: Event[] = [];
  for await (const one of output) events.push(assertEvent(one, actor));
  return events;
}

function assertEvent(value: unknown, actor: string): Event {
  const event = adopted(value);
  if (event) return event;
  throw new BeeHiveError(
    "InvalidOutput",
    `${actor} returned ${describe(value)} among its events; make each with new Event(type, body), Event from beehive-actors.`,
  );
}

function describe(value: unknown): string {
  if (isBranded(value, "Event")) return "a single event";
  if (value instanceof Promise) return "a promise";
  // Without an import, `Event` is that of the DOM.
  if ((value as object | null | undefined)?.constructor?.name === "Event") return "an Event of another class";
  if (isEventType(value)) return `the event type ${value.name}`;
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return "an array";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}

/**
 * The outputs of a step as they are published: with the input's correlation id, the input as their cause,
 * the trace they belong to, and ids that are the same whenever the same step is repeated.
 *
 * @param atomic a step that is repeated published nothing before. An output by reference then has a random id, for it
 *   has no text that could be hashed.
 */
export function stampOutputs(
  input: Event,
  outputs: readonly Event[],
  tracing: Readonly<Record<string, string>>,
  atomic = false,
): readonly Event[] {
  const ordinals = outputs.length > 1 ? new Map<string, number>() : undefined;
  if (outputs.includes(input))
    throw new BeeHiveError(
      "InvalidOutput",
      `The event ${input.id} was returned as it was received; return event.clone({ queueName }) to send it on.`,
    );
  return outputs.map((output) =>
    output.with({
      id: output.hasId || (atomic && output.byReference) ? output.id : deterministicId(input, output, ordinals),
      correlationId: output.correlationId ?? input.correlationId ?? input.id,
      causationId: input.id,
      properties: withTracing(output.properties, tracing),
    }),
  );
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
  return uuidOf(hash("sha256", ordinal === 0 ? content : `${ordinal}\n${content}`, "hex"));
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
 * The first 16 bytes of a hash as a UUID of version 8, the one for ids made by a rule of one's own (RFC 9562). Its parts
 * are too short to be views of the hash, which would keep all of it alive for as long as the id is remembered.
 */
function uuidOf(hex: string): string {
  const variant = "89ab"[Number.parseInt(hex.charAt(16), 16) & 3];
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

function withTracing(
  properties: Readonly<Record<string, EventProperty>>,
  tracing: Readonly<Record<string, string>>,
): Readonly<Record<string, EventProperty>> {
  for (const _ in tracing) return Object.freeze({ ...properties, ...tracing });
  return properties;
}
