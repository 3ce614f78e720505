import { hash } from "node:crypto";
import { BeeHiveError } from "../base/errors.ts";
import type { Event, EventProperty } from "../events/event.ts";
import { identityOf, uuidOf } from "../events/identity.ts";

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
