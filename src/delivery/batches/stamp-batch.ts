import type { Event } from "../../events/event.ts";
import type { BatchSpan } from "../../telemetry/telemetry.ts";
import { stampOutputs, type StampRules } from "../stamp.ts";
import type { BatchedDelivery } from "./batched-delivery.ts";

/** The outputs of a batch, as they are published, by the event that caused them. */
export type StampedOutputs = ReadonlyMap<BatchedDelivery, readonly Event[]>;

/**
 * Returns the outputs of a batch as they are published.
 *
 * An output belongs to the event that its `causationId` names. Any other belongs to the first event whose outputs are
 * published. Those of failed events are dropped.
 */
export function stampBatch(
  good: readonly BatchedDelivery[],
  failed: Iterable<BatchedDelivery>,
  outputs: readonly Event[],
  span: Pick<BatchSpan, "headers">,
  rules: StampRules,
): StampedOutputs {
  const own = good.find(({ replayed }) => replayed?.outputs !== "drop") ?? good[0];
  const inputs = new Map(good.map((one) => [one.event, one]));
  const owners = new Map<string, BatchedDelivery | undefined>(good.map((one) => [one.event.id, one]));
  for (const { event } of failed) owners.set(event.id, undefined);
  const byOwner = new Map<BatchedDelivery, Event[]>();
  for (const output of outputs) {
    const { causationId } = output;
    const named = causationId !== undefined && owners.has(causationId) ? owners.get(causationId) : own;
    // An event that is returned as it was received is refused with its own.
    const owner = inputs.get(output) ?? named;
    if (!owner) continue;
    const some = byOwner.get(owner);
    if (some) some.push(output);
    else byOwner.set(owner, [output]);
  }
  const stamped = new Map<BatchedDelivery, readonly Event[]>();
  for (const [owner, some] of byOwner) {
    const { event, replayed } = owner;
    stamped.set(owner, stampOutputs(event, some, span.headers(event), rules, replayed));
  }
  return stamped;
}
