import { hash } from "node:crypto";
import { BeeHiveError } from "../base/errors.ts";
import type { Event, EventProperty } from "../events/event.ts";
import { identityOf, uuidOf } from "../events/identity.ts";

/**
 * Returns the outputs of a step as they are published.
 *
 * Each has the correlation id of the input, the input as its cause, the trace headers, and an id that is the same
 * whenever the same step is repeated.
 *
 * @param atomic True when a step that is repeated published nothing before. An output by reference then keeps its
 *   random id, because it has no text to hash.
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
 * Returns a hash of the input, the subscription and the output. An ordinal distinguishes equal outputs of one step.
 *
 * The position alone would not do: an actor that returns its outputs in another order on its second attempt would have
 * a new event dropped as a duplicate.
 */
function deterministicId(input: Event, output: Event, ordinals: Map<string, number> | undefined): string {
  const { eventType, queueName } = output;
  const from = `${identityOf(input)}\n${input.queueName}`;
  const content = `${from}\n${eventType}\n${queueName}\n${traitsOf(output)}\n${textOf(output)}`;
  const ordinal = ordinals?.get(content) ?? 0;
  ordinals?.set(content, ordinal + 1);
  return uuidOf(hash("sha256", ordinal === 0 ? content : `${ordinal}\n${content}`, "hex"));
}

/** Returns the fields besides the body that make outputs differ; empty for most. */
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
