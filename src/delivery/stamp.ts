import { hash } from "node:crypto";
import { adopted } from "../events/adopted-event.ts";
import { BeeHiveError } from "../base/errors.ts";
import { isBranded } from "../base/brand.ts";
import type { ActorContext, ActorDescriptor, ActorOutput } from "../actors/actor.ts";
import type { Event, EventProperty } from "../events/event.ts";
import { ranSince } from "../base/event-loop.ts";
import { isEventType } from "../events/event-type.ts";
import { identityOf, uuidOf } from "../events/identity.ts";

/** Whose outputs they are, and until when they are wanted. */
export interface OutputSource extends Pick<ActorContext, "signal"> {
  readonly descriptor: Pick<ActorDescriptor, "name" | "maxOutputs">;
}

/**
 * Everything that an actor returned, as a list; a promise of one only for what arrives over time. When the signal of the
 * source aborts, an async iterable is ended and read no further.
 *
 * @throws BeeHiveError `InvalidOutput` when it is not an iterable of events, or one of too many.
 */
export function collect(output: ActorOutput, source: OutputSource): readonly Event[] | Promise<readonly Event[]> {
  if (output === undefined || output === null) return [];
  if (typeof output === "object" && Symbol.asyncIterator in output) return collectAsync(output, source);
  const { name, maxOutputs } = source.descriptor;
  if (typeof output === "object" && Symbol.iterator in output) {
    const events: Event[] = [];
    const startedAt = performance.now();
    try {
      for (const one of output) add(one, events, name, maxOutputs);
    } finally {
      ranSince(startedAt, name);
    }
    return events;
  }
  throw new BeeHiveError(
    "InvalidOutput",
    `${name} returned ${describe(output)}; processAsync returns events in an array, another iterable or nothing.`,
  );
}

/** Rejects as soon as the signal aborts, whatever the iterable does then. */
function collectAsync(output: AsyncIterable<Event>, { descriptor, signal }: OutputSource): Promise<readonly Event[]> {
  signal.throwIfAborted();
  const iterator = output[Symbol.asyncIterator]();
  const { name, maxOutputs } = descriptor;
  const read = async (): Promise<readonly Event[]> => {
    const events: Event[] = [];
    for (;;) {
      const { done, value } = await iterator.next();
      signal.throwIfAborted();
      if (done === true) return events;
      add(value, events, name, maxOutputs);
    }
  };
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void => {
      signal.removeEventListener("abort", aborted);
      // A generator that is in the middle of an `await` ends when that is over.
      end(iterator);
      reject(error);
    };
    const aborted = (): void => fail(signal.reason as Error);
    signal.addEventListener("abort", aborted);
    read().then((events) => {
      signal.removeEventListener("abort", aborted);
      resolve(events);
    }, fail);
  });
}

/** Lets an iterable clean up, which it does in its own time; its failures change nothing any more. */
function end(iterator: AsyncIterator<Event>): void {
  try {
    void iterator.return?.().then(undefined, () => {});
  } catch {
    // Only a hand-made iterator throws here.
  }
}

function add(value: unknown, events: Event[], name: string, maxOutputs: number): void {
  if (events.length >= maxOutputs)
    throw new BeeHiveError(
      "InvalidOutput",
      `${name} returned more than ${maxOutputs} events for one event, none of which was published. Does its generator end? ` +
        "A step that is to return more sets maxOutputs, or splits its work over several events.",
    );
  events.push(assertEvent(value, name));
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
  const content = `${identityOf(input)}\n${input.queueName}\n${output.eventType}\n${output.queueName}\n${traitsOf(output)}\n${textOf(output)}`;
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

function withTracing(
  properties: Readonly<Record<string, EventProperty>>,
  tracing: Readonly<Record<string, string>>,
): Readonly<Record<string, EventProperty>> {
  for (const _ in tracing) return Object.freeze({ ...properties, ...tracing });
  return properties;
}
