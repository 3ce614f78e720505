/** Brings products and orders into the shop. Every step can be repeated. */
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Event, Hive, Stores } from "beehive-actors";
import type { Order } from "./entities.ts";
import { OrderAccepted } from "./events.ts";
import { prismoStores, stock } from "./stores.ts";

/** An order as the customer placed it: quantities by product. */
export interface NewOrder extends Pick<Order, "id" | "customer" | "totalPrice" | "paymentMethod" | "shippingAddress"> {
  readonly items: Readonly<Record<string, number>>;
}

export interface NewProduct {
  readonly productId: string;
  readonly name: string;
  readonly quantity: number;
}

/** Orders that are written and published at the same time. */
const batchSize = 100;

/** Adds the products; existing products stay unchanged. */
export async function stockUp(stores: Stores, newProducts: Iterable<NewProduct>): Promise<void> {
  const { products, counters } = prismoStores(stores);
  for (const { productId, name, quantity } of newProducts) {
    if (await products.exists(productId)) continue;
    // Count the goods before the product is added: a run that ends in between is repeated, and counts them once.
    await counters.increment(stock, productId, quantity, { once: "initial" });
    await products.insertIfAbsent({ id: productId, name, initialQuantity: quantity });
  }
}

/** Accepts orders in batches until none are left or `signal` aborts. */
export async function acceptOrders(hive: Hive, orders: Iterable<NewOrder>, signal?: AbortSignal): Promise<void> {
  for (const batch of batches(orders, batchSize)) {
    if (signal?.aborted) return;
    const accepted = await Promise.all(batch.map((order) => acceptedEvent(hive.provider.stores, order)));
    if (signal?.aborted) return;
    await hive.push(accepted.filter((event) => event !== undefined));
    // In memory no call ever waits: without this pause the shop would open only after the last order.
    await nextTurn();
  }
}

/**
 * Stores an order and returns its event.
 *
 * An order that exists is published again only while no work on it has started: an earlier run may have ended in
 * between.
 */
export async function acceptedEvent(stores: Stores, order: NewOrder): Promise<Event | undefined> {
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
