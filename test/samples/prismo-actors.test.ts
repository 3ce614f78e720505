import type { Stores } from "beehive-actors";
import { given } from "beehive-actors/testing";
import * as assert from "uvu/assert";
import { ActionParkedOrdersActor } from "../../samples/prismo/actors/action-parked-orders.ts";
import { CancelOrderActor } from "../../samples/prismo/actors/cancel-order.ts";
import { FulfilmentActor } from "../../samples/prismo/actors/fulfilment.ts";
import { ItemInventoryActor } from "../../samples/prismo/actors/item-inventory.ts";
import { ReplenishStockActor } from "../../samples/prismo/actors/replenish-stock.ts";
import { ResumeOrderActor } from "../../samples/prismo/actors/resume-order.ts";
import type { Order, OrderItem, WaitingOrder } from "../../samples/prismo/entities.ts";
import {
  FraudCheckFailed,
  ItemBackInStockForOrder,
  OrderCancelled,
  OrderInventoryCheckCompleted,
  OrderItemsNotYetAccountedFor,
  OrderShipped,
  ProductArrivedBackInStock,
  ProductDelivered,
  ProductOutOfStock,
} from "../../samples/prismo/events.ts";
import { ordersWaitingForProduct, prismoStores, stock } from "../../samples/prismo/stores.ts";
import { orderOf } from "../support/prismo.ts";
import { suite } from "../support/suite.ts";

const test = suite("Prismo's actors", { timeoutMs: 5_000 });

const orderId = "1";
const productId = "lamp";

function order(item: OrderItem, changes: Partial<Order> = {}): Order {
  const items = { [productId]: item };
  return { ...orderOf(orderId, {}), items, status: "accepted", fraudCleared: true, acceptedAt: 0, ...changes };
}

/** Stores before the event: an order, lamps in stock, orders that wait for lamps. */
function shop(has: {
  order?: Order;
  lamps?: number;
  waiting?: readonly WaitingOrder[];
}): (stores: Stores) => Promise<void> {
  return async (stores) => {
    const { orders, counters } = prismoStores(stores);
    if (has.order) await orders.insert(has.order);
    await counters.increment(stock, productId, has.lamps ?? 0);
    for (const waiting of has.waiting ?? [])
      await waitingOrders(stores).insert(ordersWaitingForProduct, productId, waiting);
  };
}

const waitingOrders = (stores: Stores) => stores.keyedList<WaitingOrder>("WaitingOrders");
const isWaiting = (stores: Stores): Promise<boolean> =>
  waitingOrders(stores).exists(ordersWaitingForProduct, productId, orderId);
const lampsIn = (stores: Stores): Promise<number> => stores.counters.get(stock, productId);

test("the last item of a cleared order releases it", async () => {
  const taking = given(shop({ order: order({ quantity: 2 }), lamps: 5 })).when(
    OrderItemsNotYetAccountedFor.create({ orderId, productIds: [productId] }, { id: "take" }),
    ItemInventoryActor,
  );
  await taking.then([OrderInventoryCheckCompleted.create({ orderId })]);
  await taking.thenStores(async (stores) => {
    assert.is((await prismoStores(stores).orders.get(orderId)).items[productId]?.takenBy, "take");
    assert.is(await lampsIn(stores), 3);
  });
});

test("too few of an item parks the order, and the rest goes on", async () => {
  const taking = given(shop({ order: order({ quantity: 2 }), lamps: 1 })).when(
    OrderItemsNotYetAccountedFor.create({ orderId, productIds: [productId, "kettle"] }),
    ItemInventoryActor,
  );
  await taking.then([
    ProductOutOfStock.create({ orderId, productId, quantity: 2 }),
    OrderItemsNotYetAccountedFor.create({ orderId, productIds: ["kettle"] }),
  ]);
  await taking.thenStores(async (stores) => {
    assert.is(await isWaiting(stores), true);
    assert.is(await lampsIn(stores), 1);
  });
});

const unwanted: [string, Order][] = [
  ["an order that was cancelled", order({ quantity: 2 }, { status: "cancelled" })],
  ["an item that another event took", order({ quantity: 2, takenBy: "another" }, { fraudCleared: false })],
];

for (const [what, before] of unwanted) {
  test(`no stock is taken for ${what}`, async () => {
    const taking = given(shop({ order: before, lamps: 5 })).when(
      OrderItemsNotYetAccountedFor.create({ orderId, productIds: [productId] }),
      ItemInventoryActor,
    );
    await taking.then([]);
    await taking.thenStores(async (stores) => assert.is(await lampsIn(stores), 5));
  });
}

test("after a shortage the supplier sends two to spare, a little later", async () => {
  await given()
    .when(ProductOutOfStock.create({ orderId, productId, quantity: 3 }, { id: "short" }), ReplenishStockActor, {
      now: new Date(0),
    })
    .then([ProductDelivered.create({ deliveryId: "short", productId, quantity: 5 }, { enqueueTime: new Date(50) })]);
});

test("a delivery that is too small wakes some orders and reorders once", async () => {
  const waiting = ["1", "2", "3", "4"].map((id) => ({ id, quantity: 2 }));
  await given(shop({ lamps: 5, waiting }))
    .when(ProductArrivedBackInStock.create({ productId }), ActionParkedOrdersActor)
    .then([
      ItemBackInStockForOrder.create({ orderId: "1", productId }),
      ItemBackInStockForOrder.create({ orderId: "2", productId }),
      ProductOutOfStock.create({ orderId: "3", productId, quantity: 2 }),
    ]);
});

test("a parked order resumes when its item is there", async () => {
  const resuming = given(
    shop({ order: order({ quantity: 2 }), lamps: 2, waiting: [{ id: orderId, quantity: 2 }] }),
  ).when(ItemBackInStockForOrder.create({ orderId, productId }), ResumeOrderActor);
  await resuming.then([OrderInventoryCheckCompleted.create({ orderId })]);
  await resuming.thenStores(async (stores) => assert.is(await isWaiting(stores), false));
});

test("a parked order waits on and reorders when others were faster", async () => {
  const resuming = given(
    shop({ order: order({ quantity: 2 }), lamps: 1, waiting: [{ id: orderId, quantity: 2 }] }),
  ).when(ItemBackInStockForOrder.create({ orderId, productId }), ResumeOrderActor);
  await resuming.then([ProductOutOfStock.create({ orderId, productId, quantity: 2 })]);
  await resuming.thenStores(async (stores) => assert.is(await isWaiting(stores), true));
});

test("a cancelled order that was parked waits no longer", async () => {
  const cancelled = order({ quantity: 2 }, { status: "cancelled" });
  const resuming = given(shop({ order: cancelled, lamps: 5, waiting: [{ id: orderId, quantity: 2 }] })).when(
    ItemBackInStockForOrder.create({ orderId, productId }),
    ResumeOrderActor,
  );
  await resuming.then([]);
  await resuming.thenStores(async (stores) => {
    assert.is(await isWaiting(stores), false);
    assert.is(await lampsIn(stores), 5);
  });
});

test("a shipped order that is fulfilled again publishes the same again", async () => {
  await given(shop({ order: order({ quantity: 1, takenBy: "x" }, { status: "shipped" }) }))
    .when(OrderInventoryCheckCompleted.create({ orderId }), FulfilmentActor)
    .then([OrderShipped.create({ orderId })]);
});

test("a shipped order cannot be cancelled", async () => {
  await given(shop({ order: order({ quantity: 1, takenBy: "x" }, { status: "shipped" }) }))
    .when(FraudCheckFailed.create({ orderId }), CancelOrderActor)
    .then([]);
});

test("a fraudulent order is cancelled with its reason", async () => {
  const cancelling = given(shop({ order: order({ quantity: 1 }) })).when(
    FraudCheckFailed.create({ orderId }),
    CancelOrderActor,
  );
  await cancelling.then([OrderCancelled.create({ orderId })]);
  await cancelling.thenStores(async (stores) => {
    assert.is((await prismoStores(stores).orders.get(orderId)).cancelReason, "suspected fraud");
  });
});

test.run();
