import { AssertionError } from "node:assert/strict";
import {
  actorDescription,
  collectionStore,
  Event,
  eventType,
  injects,
  RejectEvent,
  timeout,
  token,
  type ActorContext,
  type BatchContext,
  type CollectionStore,
  type ProcessorActor,
} from "beehive-actors";
import { given } from "beehive-actors/testing";
import * as assert from "uvu/assert";
import { failureOf } from "../../support/failure.ts";
import { throwsCode } from "../../support/throws.ts";
import { suite } from "../../support/suite.ts";

interface Order {
  readonly id: string;
  readonly status: "accepted" | "paid";
}

interface Gateway {
  authorise(orderId: string): Promise<string>;
}

const OrderAccepted = eventType<{ orderId: string }>("OrderAccepted");
const PaymentAuthorised = eventType<{ orderId: string; code: string }>("PaymentAuthorised");
const Orders = collectionStore<Order>("Orders");
const Gateway = token<Gateway>("Gateway");

@actorDescription("OrderAccepted-Payment", { publishes: [PaymentAuthorised] })
@injects(Orders, Gateway)
class PaymentActor implements ProcessorActor {
  readonly #orders: CollectionStore<Order>;
  readonly #gateway: Gateway;

  constructor(orders: CollectionStore<Order>, gateway: Gateway) {
    this.#orders = orders;
    this.#gateway = gateway;
  }

  async processAsync(event: Event): Promise<Event[]> {
    const { orderId } = OrderAccepted.read(event);
    const order = await this.#orders.get(orderId);
    if (order.status === "paid") throw new RejectEvent(`the order ${orderId} is paid`);
    await this.#orders.update({ ...order, status: "paid" });
    const code = await this.#gateway.authorise(orderId);
    return [PaymentAuthorised.create({ orderId, code }, { partitionKey: orderId, properties: { by: "card" } })];
  }
}

const accepting = {
  bind: (container: { bind(token: unknown): { toConstantValue(value: Gateway): unknown } }): unknown =>
    container.bind(Gateway).toConstantValue({ authorise: async () => "ok" }),
};
const order: Order = { id: "1", status: "accepted" };
const accepted = OrderAccepted.create({ orderId: "1" });
const authorised = PaymentAuthorised.create(
  { orderId: "1", code: "ok" },
  { partitionKey: "1", properties: { by: "card" } },
);

const test = suite("given, when, then");

test("stores arranged by a function are there for the actor", async () => {
  await given((stores) => stores.collection<Order>("Orders").insert(order))
    .when(accepted, PaymentActor, accepting)
    .then([authorised]);
});

test("items by collection are there, writes are kept, it runs once", async () => {
  let runs = 0;
  const reaction = given({ Orders: [order] }).when(accepted, PaymentActor, {
    bind: (container) => container.bind(Gateway).toConstantValue({ authorise: async () => `${++runs}` }),
  });

  await reaction.thenStores(async (stores) =>
    assert.equal((await stores.collection<Order>("Orders").get("1")).status, "paid"),
  );
  await reaction.thenStores(() => {});
  assert.equal(runs, 1);
});

test("a failed step writes nothing, and its own error is reported", async () => {
  class GatewayDown extends Error {}
  const reaction = given({ Orders: [order] }).when(accepted, PaymentActor, {
    bind: (container) =>
      container.bind(Gateway).toConstantValue({ authorise: () => Promise.reject(new GatewayDown("no answer")) }),
  });

  await reaction.thenThrows(GatewayDown);
  await reaction.thenThrows((error) => error instanceof Error && error.message === "no answer");
  await reaction.thenStores(async (stores) =>
    assert.equal((await stores.collection<Order>("Orders").get("1")).status, "accepted"),
  );
});

test("a library error is expected by class or by code", async () => {
  const reaction = given({ Orders: [{ ...order, status: "paid" }] }).when(accepted, PaymentActor, accepting);
  await reaction.thenThrows(RejectEvent);
  await reaction.thenThrows("Rejected");
  await given().when(accepted, PaymentActor, accepting).thenThrows("NotFound");
});

test("a dependency that is not bound is named", async () => {
  const { message } = await throwsCode("InvalidConfiguration", () => given().when(accepted, PaymentActor).then([]));
  assert.match(message, "PaymentActor -> Gateway: nothing binds Gateway");
});

test("a difference between bodies is shown", async () => {
  const reaction = given({ Orders: [order] }).when(accepted, PaymentActor, accepting);
  const error = await failureOf(reaction.then([PaymentAuthorised.create({ orderId: "1", code: "no" })]));

  assert.instance(error, AssertionError);
  assert.match(error.message, /^PaymentActor on OrderAccepted: other events than expected\./);
  assert.match(error.message, /\+ +code: 'ok'/);
  assert.match(error.message, /- +code: 'no'/);
});

test("events that differ in id, time and cause only are equal", async () => {
  const other = authorised.clone({ timestamp: new Date(0), correlationId: "c", causationId: "d" });
  await given({ Orders: [order] })
    .when(accepted, PaymentActor, accepting)
    .then([other]);
});

for (const [what, different] of Object.entries({
  "partition key": authorised.clone({ partitionKey: "2" }),
  property: authorised.clone({ properties: { by: "cash" } }),
  destination: authorised.clone({ queueName: "Payments" }),
  delivery: authorised.clone({ delivery: "log" }),
})) {
  test(`an event with another ${what} is not equal`, async () => {
    const reaction = given({ Orders: [order] }).when(accepted, PaymentActor, accepting);
    assert.ok((await failureOf(reaction.then([different]))) instanceof AssertionError);
  });
}

test("an actor that fails is reported with its cause", async () => {
  const error = await failureOf(given().when(accepted, PaymentActor, accepting).then([]));
  assert.match(error.message, /^PaymentActor on OrderAccepted: it failed: /);
  assert.ok(error.cause instanceof Error);
});

test("an actor that succeeds is reported when an error is expected", async () => {
  const error = await failureOf(
    given({ Orders: [order] })
      .when(accepted, PaymentActor, accepting)
      .thenThrows(RejectEvent),
  );
  assert.match(error.message, /expected to fail, but was committed/);
});

test("an event that publishes does not name is reported", async () => {
  @actorDescription("OrderAccepted-Forgetful", { publishes: ["Seen"] })
  class ForgetfulActor implements ProcessorActor {
    processAsync(): Event[] {
      return [new Event("Seen"), new Event("Forgotten")];
    }
  }
  const reaction = given().when(accepted, ForgetfulActor);
  const error = await failureOf(reaction.then([new Event("Seen"), new Event("Forgotten")]));
  assert.instance(error, AssertionError);
  assert.match(
    error.message,
    /^ForgetfulActor on OrderAccepted: its publishes lacks the destination of an event: There is no topic "Forgotten-"/,
  );
  await reaction.thenThrows("QueueNotFound");
});

test("a reaction that is awaited without an expectation throws", async () => {
  const mistaken: unknown = given().when(accepted, PaymentActor);
  const error = await failureOf((async () => await mistaken)());
  assert.match(error.message, /name the expected events, with \.then/);
});

test("an event that the actor does not read is reported with both names", async () => {
  const error = await failureOf(given().when(new Event("OrderShipped"), PaymentActor).then([]));
  assert.match(error.message, /PaymentActor reads OrderAccepted-Payment; the event OrderShipped goes to/);
});

@actorDescription("OrderAccepted-First", { publishes: ["Seen", "Log-Log"] })
@actorDescription("OrderAccepted-Second", { publishes: ["Seen", "Log-Log"] })
class TwiceActor implements ProcessorActor {
  processAsync(event: Event): Event[] {
    return [new Event("Seen", { by: event.queueName }), new Event("SeenAgain", "now", { queueName: "Log" })];
  }
}

test("queueName selects one of several subscriptions", async () => {
  const reaction = given().when(accepted, TwiceActor, { queueName: "OrderAccepted-Second" });
  await reaction.then([
    new Event("Seen", { by: "OrderAccepted-Second" }),
    new Event("SeenAgain", "now", { queueName: "Log" }),
  ]);
  const error = await failureOf(given().when(accepted, TwiceActor).then([]));
  assert.match(error.message, /choose one of them with \{ queueName \}/);
});

@actorDescription("OrderAccepted-Slow", { middleware: [timeout(5_000)] })
class SlowActor implements ProcessorActor {
  processAsync(_event: Event, { clock, signal }: ActorContext): Promise<void> {
    return new Promise((resolve) => {
      const timer = clock.after(60_000, resolve);
      signal.addEventListener("abort", () => timer.cancel());
    });
  }
}

test("a timeout fails as in a hive, without taking time", async () => {
  await given().when(accepted, SlowActor).thenThrows("Timeout");
});

@actorDescription("OrderAccepted-Import", { batch: { size: 2 }, publishes: [PaymentAuthorised] })
@injects(Orders)
class ImportActor {
  constructor(readonly orders: CollectionStore<Order>) {}

  async processBatchAsync(events: readonly Event[], context: BatchContext): Promise<Event[]> {
    for (const event of events) {
      const { orderId } = OrderAccepted.read(event);
      if (orderId === "") context.fail(event, new RejectEvent("no order"));
      else await this.orders.insert({ id: orderId, status: "accepted" });
    }
    return [PaymentAuthorised.create({ orderId: "all", code: `${events.length}` })];
  }
}

test("whenBatch delivers one batch, whose events may fail alone", async () => {
  const orders = ["1", "", "3"].map((orderId) => OrderAccepted.create({ orderId }));
  const reaction = given().whenBatch(orders, ImportActor);
  await reaction.then([PaymentAuthorised.create({ orderId: "all", code: "3" })]);
  await reaction.thenFails(1, RejectEvent);
  await reaction.thenStores(async (stores) => assert.ok(await stores.collection("Orders").exists("3")));
  const failure = await failureOf(() => reaction.thenFails(0, RejectEvent));
  assert.match(failure.message, "ImportActor on 3 events: event 0 was expected to fail, but it did not");
});

test("whenBatch expects a throw of all events, and refuses a single actor", async () => {
  const again = [OrderAccepted.create({ orderId: "1" }), OrderAccepted.create({ orderId: "1" })];
  await given().whenBatch(again, ImportActor).thenThrows("AlreadyExists");
  const single = given().whenBatch(again, PaymentActor).then([]);
  assert.match((await failureOf(() => single)).message, "PaymentActor takes one event at a time: test it with when(");
});

test.run();
