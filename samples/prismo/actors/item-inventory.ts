import { actorDescription, injects, type Event, type KeyedListStore, type ProcessorActor } from "beehive-actors";
import { isReady, type WaitingOrder } from "../entities.ts";
import { OrderInventoryCheckCompleted, OrderItemsNotYetAccountedFor, ProductOutOfStock } from "../events.ts";
import { ordersWaitingForProduct, WaitingOrders } from "../stores.ts";
import { Warehouse } from "../warehouse.ts";

/** Takes one item of an order and passes on the rest, or parks the order until there is stock. */
@actorDescription("OrderItemsNotYetAccountedFor-ItemInventory", {
  publishes: ["OrderItemsNotYetAccountedFor", "ProductOutOfStock", "OrderInventoryCheckCompleted"],
})
@injects(Warehouse, WaitingOrders)
export class ItemInventoryActor implements ProcessorActor {
  constructor(
    private readonly warehouse: Warehouse,
    private readonly waiting: KeyedListStore<WaitingOrder>,
  ) {}

  async processAsync(event: Event): Promise<Event[]> {
    const { orderId, productIds } = OrderItemsNotYetAccountedFor.read(event);
    const [productId, ...rest] = productIds;
    if (productId === undefined) return [];

    const { order, missing } = await this.warehouse.take(event.id, orderId, productId);
    const events: Event[] = [];
    if (missing !== undefined) {
      // Park the order before publishing the shortage, so that the delivery always finds it waiting.
      await this.waiting.upsert(ordersWaitingForProduct, productId, { id: orderId, quantity: missing });
      events.push(ProductOutOfStock.create({ orderId, productId, quantity: missing }));
    }
    if (isReady(order)) events.push(OrderInventoryCheckCompleted.create({ orderId }));
    if (rest.length > 0) events.push(OrderItemsNotYetAccountedFor.create({ orderId, productIds: rest }));
    return events;
  }
}
