import type { Clock } from "../base/clock.ts";
import { BeeHiveError } from "../base/errors.ts";
import type { Replayed } from "../contract/topic-log.ts";
import type { Event, EventProperty } from "../events/event.ts";
import { identityOf, type IdSource, OutputId } from "../events/output-id.ts";
import { withoutExpiry } from "../events/withdrawal.ts";

/** How the outputs of a subscription are stamped. */
export interface StampRules {
  readonly clock: Pick<Clock, "now">;
  /**
   * True when a step that is repeated published nothing before. Outputs without an id of their own are new then, see
   * `Event.isNew`; one by reference gets a random id, because it has no text to hash.
   */
  readonly atomic: boolean;
  /** True when outputs without a partition key get that of the input. */
  readonly inheritPartitionKey: boolean;
}

/**
 * Returns the outputs of a step as they are published.
 *
 * Each has the correlation id of the input, the input as its cause, the trace headers, and an id that is the same
 * whenever the same step is repeated.
 *
 * The outputs of an event that is replayed are dropped, or get ids of their own, as the rewind says.
 */
export function stampOutputs(
  input: Event,
  outputs: readonly Event[],
  tracing: Readonly<Record<string, string>>,
  { clock, atomic, inheritPartitionKey }: StampRules,
  replayed?: Replayed,
): readonly Event[] {
  if (replayed?.outputs === "drop") return [];
  const subscription = replayed ? `${input.queueName}#${replayed.rewind}` : input.queueName;
  const ordinals = outputs.length > 1 ? new Map<string, number>() : undefined;
  if (outputs.includes(input))
    throw new BeeHiveError(
      "InvalidOutput",
      `The event ${input.id} was returned as it was received; return event.clone({ queueName }) to send it on.`,
    );
  const partitionKey = inheritPartitionKey ? input.partitionKey : undefined;
  return outputs.map((output) => {
    // Before the lengths of time are counted: the copy that has them is named.
    const id = output.hasId ? output.id : newId(input, subscription, output, ordinals, atomic);
    const counted = output.counted(clock);
    return counted.with({
      id,
      correlationId: output.correlationId ?? input.correlationId ?? input.id,
      causationId: input.idSource,
      properties: withTracing(counted.properties, tracing),
      partitionKey: output.partitionKey ?? partitionKey,
    });
  });
}

/** Returns the id of an output that has none. Without atomic steps it is text: a repeated output is a duplicate then. */
function newId(
  input: Event,
  subscription: string,
  output: Event,
  ordinals: Map<string, number> | undefined,
  atomic: boolean,
): IdSource {
  if (atomic && output.byReference) return new OutputId();
  const { eventType, queueName } = output;
  const traits = traitsOf(output);
  const body = textOf(output);
  const id = new OutputId({
    inputId: input.properties["source"] === undefined ? input.idSource : identityOf(input),
    subscription,
    eventType,
    queueName,
    traits,
    body,
    ordinal: ordinals === undefined ? 0 : ordinalOf(`${eventType}\n${queueName}\n${traits}\n${body}`, ordinals),
  });
  return atomic ? id : id.text;
}

/** Returns the id that a subscription gives to an output without one, also to one that was published with trace headers. */
export function outputIdOf(input: Event, subscription: string, output: Event, ordinal: number): string {
  const { traceparent: _parent, tracestate: _state, ...properties } = output.properties;
  const { eventType, queueName } = output;
  return new OutputId({
    inputId: input.properties["source"] === undefined ? input.idSource : identityOf(input),
    subscription,
    eventType,
    queueName,
    traits: traitsOf(output.with({ properties })),
    body: textOf(output),
    ordinal,
  }).text;
}

/** Returns how many equal outputs of the step came before. */
function ordinalOf(content: string, ordinals: Map<string, number>): number {
  const ordinal = ordinals.get(content) ?? 0;
  ordinals.set(content, ordinal + 1);
  return ordinal;
}

/** Returns the fields besides the body that make outputs differ; empty for most. */
function traitsOf({ url, partitionKey, properties }: Event): string {
  const lasting = withoutExpiry(properties);
  for (const _ in lasting) return JSON.stringify([url, partitionKey, lasting]);
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
