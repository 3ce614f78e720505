import { counterStore, injects, RejectEvent, type CollectionStore, type CounterStore } from "beehive-actors";
import type { Order, OrderItem } from "./entities.ts";
import { Orders, stock } from "./stores.ts";
import { unless } from "./unless.ts";

/** The result of taking an item. */
export interface Taking {
  /** The order as stored now. */
  readonly order: Order;
  /** The missing quantity of an item that the order still needs. */
  readonly missing?: number;
}

/** Takes goods for orders, and takes them back. */
@injects(counterStore, Orders)
export class Warehouse {
  constructor(
    private readonly counters: CounterStore,
    private readonly orders: CollectionStore<Order>,
  ) {}

  /**
   * Takes one item for an order, in the name of the event `takeId`.
   *
   * The goods are always taken first, and returned if the order does not need them. Reading the order first would lose
   * goods where a step is not atomic: this event may have taken them in a run that crashed, and the order may have been
   * cancelled or served since. The counter remembers its result for each event, so a repeated event takes nothing
   * twice. Two events that take the same item meet at the etag of the order: one fails, runs again, and finds the item
   * taken.
   */
  async take(takeId: string, orderId: string, productId: string): Promise<Taking> {
    const order = await this.orders.get(orderId);
    const item = order.items[productId];
    if (!item) throw new RejectEvent(`The order ${orderId} has no item ${productId}.`);
    const { quantity, takenBy } = item;

    const left = this.counters.increment(stock, productId, -quantity, { min: 0, once: takeId });
    const taken = (await unless("BelowMinimum", left)) !== undefined;

    const wanted = order.status === "accepted" && takenBy === undefined;
    if (!wanted) {
      if (taken && takenBy !== takeId) await this.giveBack(takeId, productId, quantity);
      return { order };
    }
    if (!taken) return { order, missing: quantity };
    return { order: await this.orders.update(withItem(order, productId, { quantity, takenBy: takeId })) };
  }

  /** Returns, once, the goods that the event `takeId` took. */
  async giveBack(takeId: string, productId: string, quantity: number): Promise<void> {
    await this.counters.increment(stock, productId, quantity, { once: `give:${takeId}` });
  }
}

function withItem(order: Order, productId: string, item: OrderItem): Order {
  return { ...order, items: { ...order.items, [productId]: item } };
}
