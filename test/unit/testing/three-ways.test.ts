import {
  actorDescription,
  collectionStore,
  createHive,
  eventType,
  injects,
  type CollectionStore,
  type Event,
  type ProcessorActor,
} from "beehive-actors";
import { given, TestHive } from "beehive-actors/testing";
import * as assert from "uvu/assert";
import { assertGolden } from "../../support/golden.ts";
import { suite } from "../../support/suite.ts";

/** Tests the same actor class in three ways, with the same result. */
const test = suite("one actor tested in three ways");

interface Order {
  readonly id: string;
  readonly price: number;
  readonly status: "accepted" | "paid" | "refused";
}

const OrderAccepted = eventType<{ orderId: string }>("OrderAccepted");
const PaymentAuthorised = eventType<{ orderId: string; price: number }>("PaymentAuthorised");
const PaymentRefused = eventType<{ orderId: string }>("PaymentRefused");
const Orders = collectionStore<Order>("Orders");

@actorDescription("OrderAccepted-Payment", { publishes: ["PaymentAuthorised", "PaymentRefused"] })
@injects(Orders)
class PaymentActor implements ProcessorActor {
  readonly #orders: CollectionStore<Order>;

  constructor(orders: CollectionStore<Order>) {
    this.#orders = orders;
  }

  async processAsync(event: Event): Promise<Event[]> {
    const { orderId } = OrderAccepted.read(event);
    const order = await this.#orders.get(orderId);
    const { price } = order;
    const status = price <= 100 ? "paid" : "refused";
    await this.#orders.update({ ...order, status });
    return [status === "paid" ? PaymentAuthorised.create({ orderId, price }) : PaymentRefused.create({ orderId })];
  }
}

const seen: Event[] = [];

/** Stands for the next actors. */
@actorDescription("PaymentAuthorised-Next")
@actorDescription("PaymentRefused-Next")
class NextActor implements ProcessorActor {
  processAsync(event: Event): void {
    seen.push(event);
  }
}

const cases = [
  {
    order: { id: "1", price: 99, status: "accepted" },
    status: "paid",
    next: ["PaymentAuthorised", { orderId: "1", price: 99 }],
  },
  { order: { id: "2", price: 101, status: "accepted" }, status: "refused", next: ["PaymentRefused", { orderId: "2" }] },
] as const;

for (const { order, status, next } of cases) {
  const [type, body] = next;
  const accepted = OrderAccepted.create({ orderId: order.id });

  test(`given, when, then: an order of ${order.price} leads to ${type}`, async () => {
    const reaction = given({ Orders: [order] }).when(accepted, PaymentActor);
    await reaction.then([eventType<unknown>(type).create(body)]);
    await reaction.thenStores(async (stores) =>
      assert.is((await stores.collection<Order>("Orders").get(order.id)).status, status),
    );
  });

  test(`a hive in memory: an order of ${order.price} leads to ${type}`, async () => {
    seen.length = 0;
    const hive = await createHive({ actors: [PaymentActor, NextActor] });
    await hive.provider.stores.collection<Order>("Orders").insert(order);
    await hive.start();
    await hive.push(accepted.clone());
    await hive.whenIdle();
    assert.equal(
      seen.map((event) => [event.eventType, event.getBody()]),
      [next],
    );
    assert.is((await hive.provider.stores.collection<Order>("Orders").get(order.id)).status, status);
    await hive.stop();
  });
}

test("a test hive: both orders give the golden tree", async () => {
  const hive = await TestHive.start({ actors: [PaymentActor, NextActor] });
  for (const { order } of cases) {
    await hive.stores.collection<Order>("Orders").insert(order);
    await hive.push(OrderAccepted.create({ orderId: order.id }));
  }
  await hive.settle();
  await assertGolden("payment.txt", String(hive.tree()));
  assert.equal(
    hive
      .tree()
      .roots.flatMap(({ deliveries }) =>
        deliveries.flatMap(({ outputs }) => outputs.map(({ event }) => [event.eventType, event.getBody()])),
      ),
    cases.map(({ next }) => next),
  );
  await hive.stop();
});

test.run();
