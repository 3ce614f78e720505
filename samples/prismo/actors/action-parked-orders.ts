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
 * Wakes as many orders that wait for a product as there is stock for.
 *
 * One more delivery is ordered for the first order left over, because newer orders may have taken its goods. So no
 * order starves, and the number of deliveries stays bounded. Orders leave the list themselves when they have their
 * item, so a crash loses none.
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
