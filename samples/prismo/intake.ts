/** The way into the shop: products are put on the shelves, orders are accepted. All of it can be repeated. */
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Event, Hive, Stores } from "beehive-actors";
import type { Order } from "./entities.ts";
import { OrderAccepted } from "./events.ts";
import { prismoStores, stock } from "./stores.ts";

/** An order as the customer placed it: how many of each product. */
export interface NewOrder extends Pick<Order, "id" | "customer" | "totalPrice" | "paymentMethod" | "shippingAddress"> {
  readonly items: Readonly<Record<string, number>>;
}

export interface NewProduct {
  readonly productId: string;
  readonly name: string;
  readonly quantity: number;
}

/** How many orders are written and published at the same time. */
const batchSize = 100;

/** Puts the products on the shelves; those that are there stay as they are. */
export async function stockUp(stores: Stores, newProducts: Iterable<NewProduct>): Promise<void> {
  const { products, counters } = prismoStores(stores);
  for (const { productId, name, quantity } of newProducts) {
    if (await products.exists(productId)) continue;
    // The goods before the product: a run that ends between the two is repeated and counts them once.
    await counters.increment(stock, productId, quantity, { once: "initial" });
    await products.insertIfAbsent({ id: productId, name, initialQuantity: quantity });
  }
}

/** Accepts orders a batch at a time, until there are no more or `signal` aborts. */
export async function acceptOrders(hive: Hive, orders: Iterable<NewOrder>, signal?: AbortSignal): Promise<void> {
  for (const batch of batches(orders, batchSize)) {
    if (signal?.aborted) return;
    const accepted = await Promise.all(batch.map((order) => accept(hive.provider.stores, order)));
    if (signal?.aborted) return;
    await hive.push(accepted.filter((event) => event !== undefined));
    // In memory nothing ever waits: without this the shop would open only when the last order is in.
    await nextTurn();
  }
}

/**
 * Writes the order down. One that is there already is told again only while nothing has come of it: an earlier run may
 * have ended before it was told.
 */
async function accept(stores: Stores, order: NewOrder): Promise<Event | undefined> {
  const { orders } = prismoStores(stores);
  const items = Object.fromEntries(Object.entries(order.items).map(([id, quantity]) => [id, { quantity }]));
  const fresh = { ...order, items, status: "accepted", fraudCleared: false, acceptedAt: Date.now() } as const;
  const { id, status } = (await orders.insertIfAbsent(fresh)) ?? (await orders.get(order.id));
  if (status !== "accepted") return undefined;
  return OrderAccepted.create({ orderId: id }, { id: `accepted-${id}`, correlationId: id });
}

function* batches<T>(items: Iterable<T>, size: number): Generator<T[], void, undefined> {
  let batch: T[] = [];
  for (const item of items) {
    batch.push(item);
    if (batch.length < size) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}
