import { actorDescription, injects, type CollectionStore, type Event, type ProcessorActor } from "beehive-actors";
import type { Order } from "../entities.ts";
import { OrderItemsNotYetAccountedFor, PaymentAuthorised } from "../events.ts";
import { Orders } from "../stores.ts";

/** Starts to take the items of an order. */
@actorDescription("PaymentAuthorised-InventoryCheck", { publishes: ["OrderItemsNotYetAccountedFor"] })
@injects(Orders)
export class InventoryCheckActor implements ProcessorActor {
  constructor(private readonly orders: CollectionStore<Order>) {}

  async processAsync(event: Event): Promise<Event[]> {
    const { orderId } = PaymentAuthorised.read(event);
    const { items } = await this.orders.get(orderId);
    return [OrderItemsNotYetAccountedFor.create({ orderId, productIds: Object.keys(items) })];
  }
}
