/** Event types of an edge, and an actor that collects their events. */
import { actor, eventType, type Event } from "beehive-actors";
import type { IngestionRejected } from "beehive-actors/http";
import * as v from "valibot";

export const OrderAccepted = eventType(
  "OrderAccepted",
  v.object({ orderId: v.string(), lines: v.optional(v.array(v.object({ sku: v.string() }))) }),
);
export const OrderCancelled = eventType("OrderCancelled", v.object({ orderId: v.string() }));
export const ReadingTaken = eventType<{ device: string }>("ReadingTaken");

/** Returns an actor that collects the events of a type. */
export function collecting(
  type: typeof OrderAccepted | typeof OrderCancelled | typeof ReadingTaken | typeof IngestionRejected,
) {
  const events: Event[] = [];
  const Collect = actor(
    `${type.name}-Collect`,
    type as typeof OrderAccepted,
    { name: `${type.name}Collect` },
    async ({ event }) => void events.push(event),
  );
  return { Collect, events };
}
