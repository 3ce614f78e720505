import {
  actorDescription,
  injects,
  type ActorContext,
  type CollectionStore,
  type Event,
  type ProcessorActor,
} from "beehive-actors";
import type { Order, Shipment } from "../entities.ts";
import { OrderInventoryCheckCompleted, OrderShipped } from "../events.ts";
import { Orders, Shipments } from "../stores.ts";

/** Ships the order. */
@actorDescription("OrderInventoryCheckCompleted-Fulfilment", { publishes: ["OrderShipped"] })
@injects(Orders, Shipments)
export class FulfilmentActor implements ProcessorActor {
  constructor(
    private readonly orders: CollectionStore<Order>,
    private readonly shipments: CollectionStore<Shipment>,
  ) {}

  async processAsync(event: Event, { clock }: ActorContext): Promise<Event[]> {
    const { orderId } = OrderInventoryCheckCompleted.read(event);
    const order = await this.orders.get(orderId);
    if (order.status === "cancelled") return [];
    // Mark the order first: a shipped order cannot be cancelled, so no cancelled order is shipped.
    if (order.status === "accepted") await this.orders.update({ ...order, status: "shipped" });
    const shipment = { id: orderId, address: order.shippingAddress, shippedAt: clock.now() };
    await this.shipments.insertIfAbsent(shipment);
    return [OrderShipped.create({ orderId })];
  }
}
