import { actorDescription, injects, type CollectionStore, type Event, type ProcessorActor } from "beehive-actors";
import type { Order, OrderItem } from "../entities.ts";
import { OrderCancelled } from "../events.ts";
import { Orders } from "../stores.ts";
import { Warehouse } from "../warehouse.ts";

/** Returns the goods of a cancelled order. A cancelled order takes nothing more, see {@link Warehouse.take}. */
@actorDescription("OrderCancelled-ReturnStock")
@injects(Orders, Warehouse)
export class ReturnStockActor implements ProcessorActor {
  constructor(
    private readonly orders: CollectionStore<Order>,
    private readonly warehouse: Warehouse,
  ) {}

  async processAsync(event: Event): Promise<void> {
    const order = await this.orders.get(OrderCancelled.read(event).orderId);
    const items: Record<string, OrderItem> = {};
    for (const [productId, { quantity, takenBy }] of Object.entries(order.items)) {
      if (takenBy !== undefined) await this.warehouse.giveBack(takenBy, productId, quantity);
      items[productId] = { quantity };
    }
    await this.orders.update({ ...order, items });
  }
}
