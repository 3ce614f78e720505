import { actorDescription, injects, type Event, type KeyedListStore, type ProcessorActor } from "beehive-actors";
import { isReady, type WaitingOrder } from "../entities.ts";
import { ItemBackInStockForOrder, OrderInventoryCheckCompleted, ProductOutOfStock } from "../events.ts";
import { ordersWaitingForProduct, WaitingOrders } from "../stores.ts";
import { unless } from "../unless.ts";
import { Warehouse } from "../warehouse.ts";

/** Takes the item that a parked order waits for. Without stock the order waits on, and more is ordered. */
@actorDescription("ItemBackInStockForOrder-ResumeOrder", {
  publishes: ["ProductOutOfStock", "OrderInventoryCheckCompleted"],
})
@injects(Warehouse, WaitingOrders)
export class ResumeOrderActor implements ProcessorActor {
  constructor(
    private readonly warehouse: Warehouse,
    private readonly waiting: KeyedListStore<WaitingOrder>,
  ) {}

  async processAsync(event: Event): Promise<Event[]> {
    const { orderId, productId } = ItemBackInStockForOrder.read(event);
    const { order, missing } = await this.warehouse.take(event.id, orderId, productId);
    if (missing !== undefined) return [ProductOutOfStock.create({ orderId, productId, quantity: missing })];
    // The order has its item, from this event or another, or is cancelled: it waits no longer.
    await unless("NotFound", this.waiting.delete(ordersWaitingForProduct, productId, orderId));
    return isReady(order) ? [OrderInventoryCheckCompleted.create({ orderId })] : [];
  }
}
