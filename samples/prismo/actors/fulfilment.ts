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

/** Sends the parcel. */
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
    // The order first: once it is shipped nobody can cancel it, so no parcel leaves for a cancelled order.
    if (order.status === "accepted") await this.orders.update({ ...order, status: "shipped" });
    const shipment = { id: orderId, address: order.shippingAddress, shippedAt: clock.now() };
    await this.shipments.insertIfAbsent(shipment);
    return [OrderShipped.create({ orderId })];
  }
}
