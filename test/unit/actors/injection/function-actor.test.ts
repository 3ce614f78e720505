import * as assert from "uvu/assert";
import { z } from "zod";
import {
  actor,
  actorDescription,
  bodyOf,
  collectionStore,
  eventType,
  token,
  type ActorClass,
  type Event,
  type Middleware,
  type ProcessorActor,
} from "../../../../src/index.ts";
import { actorsFrom } from "../../../../src/actors/actors-from.ts";
import { given, TestHive } from "../../../../src/testing/index.ts";
import { suite } from "../../../support/suite.ts";
import { throwsCode } from "../../../support/throws.ts";

interface Order {
  id: string;
  price: number;
}

const OrderAccepted = eventType(
  "OrderAccepted",
  z.object({ orderId: z.string(), at: z.iso.date().default("2020-01-01") }),
);
const OrderPaid = eventType("OrderPaid", bodyOf<{ orderId: string; price: number }>());
const OrderRefused = eventType("OrderRefused", bodyOf<{ orderId: string; price: number }>());
const Orders = collectionStore<Order>("Orders");
const Rate = token<number>("Rate");

const Payment = actor(
  "OrderAccepted-Payment",
  OrderAccepted,
  { publishes: [OrderPaid], uses: { orders: Orders, rate: Rate }, parallelism: 3 },
  async ({ body: { orderId }, orders, rate, context }) => {
    const { price } = await orders.get(orderId);
    context.logger.debug({ price }, "paid");
    return [OrderPaid.create({ orderId, price: price * rate })];
  },
);
const order: Order = { id: "1", price: 4 };
const bind: Parameters<ReturnType<typeof given>["when"]>[2] = {
  bind: (container) => container.bind(Rate).toConstantValue(2),
};

const test = suite("actors that are functions");

test("a function gets its body, stores and tokens, and publishes", async () => {
  await given({ Orders: [order] })
    .when(OrderAccepted.create({ orderId: "1" }), Payment, bind)
    .then([OrderPaid.create({ orderId: "1", price: 8 })]);
});

test("a function has the options of a decorated class", () => {
  const [descriptor] = actorsFrom({ Payment }, { lease: "1m" });
  assert.is(descriptor?.name, "Payment");
  assert.is(String(descriptor?.queueName), "OrderAccepted-Payment");
  assert.equal([descriptor?.parallelism, descriptor?.lease, descriptor?.ordered], [3, 60_000, false]);
  assert.equal(descriptor?.publishes.map(String), ["OrderPaid-"]);
});

test("a function is named after its queue, or as its options say", () => {
  const names = actorsFrom([
    actor("Invoices", OrderAccepted, {}, () => {}),
    actor("OrderAccepted-Email", OrderAccepted, { name: "Mailer" }, () => {}),
  ]).map(({ name }) => name);
  assert.equal(names, ["Invoices", "Mailer"]);
});

test("functions and classes work in one hive", async () => {
  const shipped: string[] = [];
  @actorDescription("OrderPaid-Shipping", { event: OrderPaid })
  class Shipping implements ProcessorActor {
    processAsync(event: Event) {
      shipped.push(OrderPaid.read(event).orderId);
    }
  }
  const Free = actor("OrderAccepted-Free", OrderAccepted, { publishes: [OrderPaid] }, async function* ({ body }) {
    yield OrderPaid.create({ orderId: body.orderId, price: 0 });
  });
  await using hive = await TestHive.start({ actors: [Free, Shipping] });
  await hive.push(OrderAccepted.create({ orderId: "1" }));
  await hive.settle();
  assert.equal(shipped, ["1"]);
});

test("a body that does not fit is a dead letter, and the function never runs", async () => {
  let runs = 0;
  const Count = actor("OrderAccepted-Count", OrderAccepted, {}, () => {
    runs++;
  });
  await using hive = await TestHive.start({ actors: Count, publishes: [OrderAccepted] });
  await hive.push(eventType("OrderAccepted", bodyOf<{ order: number }>()).create({ order: 1 }));
  await hive.settle();
  assert.equal([runs, (await hive.deadLetters("OrderAccepted-Count")).length], [0, 1]);
});

test("the middleware of a function sees the event, and the function the body", async () => {
  const seen: string[] = [];
  const noting: Middleware = async (event, _context, next) => {
    seen.push(event.eventType);
    return next();
  };
  const Note = actor("OrderAccepted-Note", OrderAccepted, { middleware: [noting] }, ({ body, context }) => {
    seen.push(body.at, String(context.signal.aborted), String(context.attempt));
  });
  await given()
    .when(OrderAccepted.create({ orderId: "1" }), Note)
    .then([]);
  assert.equal(seen, ["OrderAccepted", "2020-01-01", "false", "1"]);
});

test("what a function uses is looked for when the hive starts", async () => {
  const error = await throwsCode("InvalidConfiguration", () => TestHive.start({ actors: Payment }));
  assert.match(error.message, "Payment -> Rate: nothing binds Rate in the container of the hive");
});

test("an event type that is not there is a problem that names the cure", async () => {
  const later = undefined as unknown as typeof OrderAccepted;
  const error = await throwsCode("InvalidConfiguration", () =>
    actorsFrom(actor("OrderAccepted-Late", later, {}, () => {})),
  );
  assert.match(error.message, "event must be an event type, not undefined: is it imported from a module that imports");
});

test("a forgotten function is refused at once", async () => {
  const forgotten = undefined as unknown as () => void;
  assert.match(
    (await throwsCode("InvalidConfiguration", () => actor("OrderAccepted-Late", OrderAccepted, {}, forgotten))).message,
    "has no function",
  );
});

test("options or uses that are no object are refused at once", async () => {
  const made = actor as unknown as (queueName: string, type: unknown, options: unknown, run: () => void) => unknown;
  const problem = async (options: unknown): Promise<string> =>
    (await throwsCode("InvalidConfiguration", () => made("OrderAccepted-Pay", OrderAccepted, options, () => {})))
      .message;
  assert.match(await problem(undefined), "options must be an object of options, not undefined");
  assert.match(await problem({ uses: null }), "uses must be an object");
  assert.match(await problem({ uses: [collectionStore("Orders")] }), "uses must be an object");
});

test("two actors of one name are a problem", async () => {
  const Email = (topic: string): ActorClass => actor(`${topic}-Email`, OrderAccepted, {}, () => {});
  const error = await throwsCode("InvalidConfiguration", () =>
    actorsFrom([Email("OrderAccepted"), Email("OrderPaid")]),
  );
  assert.match(error.message, 'two actors are called Email, on "OrderAccepted-Email" and "OrderPaid-Email"');
  assert.match(error.message, 'the option name, such as { name: "OrderPaidEmail" }');
});

test("the compiler refuses what a function may not return", () => {
  // @ts-expect-error -- publishes names no event
  actor("OrderAccepted-A", OrderAccepted, {}, () => [OrderPaid.create({ orderId: "1", price: 1 })]);
  actor("OrderAccepted-A", OrderAccepted, { publishes: [OrderPaid] }, () => [
    // @ts-expect-error -- publishes names another event, with the same body
    OrderRefused.create({ orderId: "1", price: 1 }),
  ]);
  actor("OrderAccepted-A", OrderAccepted, { publishes: [eventType<{ a: string }>("A")] }, () => [
    // @ts-expect-error -- publishes names an event with another body
    eventType<{ b: string }>("B").create({ b: "" }),
  ]);
  // A text names no type, so any event may go there.
  actor("OrderAccepted-A", OrderAccepted, { publishes: ["Invoices-Invoices"] }, () => [
    OrderPaid.create({ orderId: "1", price: 1 }, { queueName: "Invoices" }),
  ]);
});

test("the compiler knows the body and what is used", () => {
  actor("OrderAccepted-A", OrderAccepted, { uses: { orders: Orders } }, ({ body, orders }) => {
    // @ts-expect-error -- the body has no such field
    void body.customerId;
    // @ts-expect-error -- a price is a number
    return orders.insert({ id: body.orderId, price: body.at }).then(() => []);
  });
  // @ts-expect-error -- body is the body
  actor("OrderAccepted-A", OrderAccepted, { uses: { body: Orders } }, () => {});
});

test("the options of batches may stand in a constant", async () => {
  const batch = { size: 2, interval: "1s" } as const;
  const All = actor("OrderAccepted-All", OrderAccepted, { batch, publishes: [OrderPaid] }, ({ batch: orders }) =>
    orders.map(({ body: { orderId } }) => OrderPaid.create({ orderId, price: 1 })),
  );
  const orders = ["1", "2"].map((orderId) => OrderAccepted.create({ orderId }));
  await given()
    .whenBatch(orders, All)
    .then(["1", "2"].map((orderId) => OrderPaid.create({ orderId, price: 1 })));
});

test.run();
