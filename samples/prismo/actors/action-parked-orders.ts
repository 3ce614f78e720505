import {
  actorDescription,
  counterStore,
  injects,
  type CounterStore,
  type Event,
  type KeyedListStore,
  type ProcessorActor,
} from "beehive-actors";
import type { WaitingOrder } from "../entities.ts";
import { ItemBackInStockForOrder, ProductArrivedBackInStock, ProductOutOfStock } from "../events.ts";
import { ordersWaitingForProduct, stock, WaitingOrders } from "../stores.ts";

/**
 * Wakes the orders that wait for a product, as many as there is stock for. For the first that is left out more is
 * ordered, because newer orders may have taken what was meant for it: one delivery more for each that arrives, so that
 * nobody starves and nothing explodes. Nobody is removed here: each leaves the list when it has its item, so that a
 * crash loses no one.
 */
@actorDescription("ProductArrivedBackInStock-ActionParkedOrders", {
  publishes: ["ItemBackInStockForOrder", "ProductOutOfStock"],
})
@injects(counterStore, WaitingOrders)
export class ActionParkedOrdersActor implements ProcessorActor {
  constructor(
    private readonly counters: CounterStore,
    private readonly waiting: KeyedListStore<WaitingOrder>,
  ) {}

  async processAsync(event: Event): Promise<Event[]> {
    const { productId } = ProductArrivedBackInStock.read(event);
    const events: Event[] = [];
    let left = await this.counters.get(stock, productId);
    for await (const { id: orderId, quantity } of this.waiting.all(ordersWaitingForProduct, productId)) {
      left -= quantity;
      if (left < 0) return [...events, ProductOutOfStock.create({ orderId, productId, quantity })];
      events.push(ItemBackInStockForOrder.create({ orderId, productId }));
    }
    return events;
  }
}
