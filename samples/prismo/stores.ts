/** The stores of Prismo: tokens to inject into actors, and the same stores for code outside of actors. */
import {
  collectionStore,
  keyedListStore,
  type CollectionStore,
  type CounterStore,
  type KeyedListStore,
  type Stores,
  type Token,
} from "beehive-actors";
import type { Mail, Order, Payment, Product, Shipment, WaitingOrder } from "./entities.ts";

export const Orders: Token<CollectionStore<Order>> = collectionStore("Orders");
export const Payments: Token<CollectionStore<Payment>> = collectionStore("Payments");
export const Shipments: Token<CollectionStore<Shipment>> = collectionStore("Shipments");
export const Mailbox: Token<CollectionStore<Mail>> = collectionStore("Mailbox");
export const WaitingOrders: Token<KeyedListStore<WaitingOrder>> = keyedListStore("WaitingOrders");

/** Waiting orders, by product. */
export const ordersWaitingForProduct = "OrdersWaitingForProduct";

/** Counters by product id: goods in the warehouse, and goods delivered so far. */
export const stock = "Stock";
export const replenished = "Replenished";

export interface PrismoStores {
  readonly orders: CollectionStore<Order>;
  readonly payments: CollectionStore<Payment>;
  readonly shipments: CollectionStore<Shipment>;
  readonly products: CollectionStore<Product>;
  readonly mailbox: CollectionStore<Mail>;
  readonly counters: CounterStore;
}

/** Stores for the intake and the summary: outside of actors, writing at once. */
export function prismoStores(stores: Stores): PrismoStores {
  return {
    orders: stores.collection("Orders"),
    payments: stores.collection("Payments"),
    shipments: stores.collection("Shipments"),
    products: stores.collection("Products"),
    mailbox: stores.collection("Mailbox"),
    counters: stores.counters,
  };
}
