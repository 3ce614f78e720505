import { actorDescription, injects, type CollectionStore, type Event, type ProcessorActor } from "beehive-actors";
import type { Order } from "../entities.ts";
import { FraudCheckFailed, OrderCancelled, type OfOrder } from "../events.ts";
import { Orders } from "../stores.ts";

/** Cancels an order whose payment or fraud check failed. Other actors return its goods and its money. */
@actorDescription("PaymentFailed-CancelOrder", { publishes: ["OrderCancelled"] })
@actorDescription("FraudCheckFailed-CancelOrder", { publishes: ["OrderCancelled"] })
@injects(Orders)
export class CancelOrderActor implements ProcessorActor {
  constructor(private readonly orders: CollectionStore<Order>) {}

  async processAsync(event: Event): Promise<Event[]> {
    const { orderId } = event.getBody<OfOrder>();
    const order = await this.orders.get(orderId);
    if (order.status === "shipped") return [];
    const cancelReason = FraudCheckFailed.is(event) ? "suspected fraud" : "payment refused";
    if (order.status === "accepted") await this.orders.update({ ...order, status: "cancelled", cancelReason });
    return [OrderCancelled.create({ orderId })];
  }
}
