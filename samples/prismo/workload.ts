/** The work of the shop for one event, for `beehive estimate`. */
import type { ActorWork, EstimateOptions } from "beehive-actors/testing";

/** Products of the sample: each is a hot item of the counters. */
const products = 30;
/** A count with an idempotency key reads twice. */
const stock = (writes: number) => ({ reads: 2 * writes, writes, items: products });

/**
 * Fan-out as the journal of the bundled orders has it. Calls of stores as the actors make them. The bank, the fraud check,
 * the supplier and the mail service of the sample answer at once; here they take the time of real ones.
 */
const work: Readonly<Record<string, ActorWork>> = {
  PaymentActor: {
    duration: "120ms",
    publishes: { PaymentAuthorised: 0.87, PaymentFailed: 0.13 },
    stores: { Orders: { reads: 1 }, Payments: { writes: 1 } },
  },
  FraudCheckActor: {
    duration: "60ms",
    publishes: { FraudCheckFailed: 0.017 },
    stores: { Orders: { reads: 1, writes: 1 } },
  },
  InventoryCheckActor: { duration: "1ms", stores: { Orders: { reads: 1 } } },
  ItemInventoryActor: {
    duration: "1ms",
    publishes: { OrderItemsNotYetAccountedFor: 0.6, OrderInventoryCheckCompleted: 0.32, ProductOutOfStock: 0.15 },
    stores: { Orders: { reads: 1, writes: 0.8 }, Stock: stock(1), Waiting: { reads: 0.15, writes: 0.15 } },
  },
  ReplenishStockActor: { duration: "80ms" },
  BookInActor: { duration: "1ms", stores: { Stock: stock(1), Replenished: stock(1) } },
  ActionParkedOrdersActor: {
    duration: "1ms",
    publishes: { ItemBackInStockForOrder: 1.5, ProductOutOfStock: 0.09 },
    stores: { Stock: { reads: 1, items: products }, Waiting: { reads: 1 } },
  },
  ResumeOrderActor: {
    duration: "1ms",
    publishes: { OrderInventoryCheckCompleted: 0.42, ProductOutOfStock: 0.03 },
    stores: { Orders: { reads: 1, writes: 1 }, Stock: stock(1), Waiting: { writes: 1 } },
  },
  FulfilmentActor: { duration: "1ms", stores: { Orders: { reads: 1, writes: 1 }, Shipments: { writes: 1 } } },
  ShippedEmailActor: { duration: "50ms", stores: { Orders: { reads: 1 }, Mailbox: { writes: 1 } } },
  CancelOrderActor: { duration: "1ms", stores: { Orders: { reads: 1, writes: 1 } } },
  RefundActor: { duration: "120ms", stores: { Payments: { reads: 1, writes: 0.1 } } },
  ReturnStockActor: { duration: "1ms", stores: { Orders: { reads: 1, writes: 1 }, Stock: stock(0.5) } },
  TracingActor: { duration: "1ms" },
};

/** Attempts: a few of a hundred collide on an order, or meet a gateway that is down. */
export const workload: EstimateOptions = {
  work: Object.fromEntries(Object.entries(work).map(([actor, one]) => [actor, { attempts: 1.02, ...one }])),
};
