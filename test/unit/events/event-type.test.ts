import { type as arktype } from "arktype";
import { actorDescription, Event, eventType, type EventType, type ProcessorActor } from "beehive-actors";
import { TestHive } from "beehive-actors/testing";
import * as assert from "uvu/assert";
import * as valibot from "valibot";
import { z } from "zod";
import { failureOf } from "../../support/failure.ts";
import { suite } from "../../support/suite.ts";

const test = suite("eventType");

interface Order {
  orderId: string;
  lines: { sku: string; quantity: number }[];
}

/** The same type of event by three schema libraries: each must be as good as the others. */
const types: Readonly<Record<string, EventType<Order>>> = {
  zod: eventType(
    "OrderAccepted",
    z.object({ orderId: z.string(), lines: z.array(z.object({ sku: z.string(), quantity: z.number() })) }),
  ),
  valibot: eventType(
    "OrderAccepted",
    valibot.object({
      orderId: valibot.string(),
      lines: valibot.array(valibot.object({ sku: valibot.string(), quantity: valibot.number() })),
    }),
  ),
  arktype: eventType(
    "OrderAccepted",
    arktype({ orderId: "string", lines: arktype({ sku: "string", quantity: "number" }).array() }),
  ),
};
const order: Order = { orderId: "1", lines: [{ sku: "lamp", quantity: 2 }] };
const wrong = { orderId: "1", lines: [{ sku: "lamp", quantity: "two" }] };

for (const [library, OrderAccepted] of Object.entries(types)) {
  test(`given a schema of ${library}, when an event is made and read, then the body is the same, and typed`, () => {
    const event = OrderAccepted.create(order, { partitionKey: "1" });
    const read: Order = OrderAccepted.read(event);
    assert.equal(read, order);
    assert.is(event.queueName, "OrderAccepted-");
    assert.is(event.partitionKey, "1");
    assert.ok(OrderAccepted.is(event));
    assert.not(OrderAccepted.is(new Event("OrderShipped")));
  });

  test(`given a schema of ${library}, when a body does not fit, then it is not made, and the error has the path`, async () => {
    const error = await failureOf(() => OrderAccepted.create(wrong as unknown as Order));
    assert.is(error.code, "InvalidEvent");
    assert.match(error.message, "lines.0.quantity");
  });

  test(`given a schema of ${library}, when a received body does not fit, then the dead letter has the path`, async () => {
    @actorDescription("OrderAccepted-Payment")
    class PaymentActor implements ProcessorActor {
      processAsync(event: Event): void {
        OrderAccepted.read(event);
      }
    }
    const hive = await TestHive.start({ actors: PaymentActor });
    await hive.push(new Event("OrderAccepted", wrong));
    await hive.settle();
    const [letter] = await hive.deadLetters("OrderAccepted-Payment");
    assert.is(letter?.attempts, 1);
    assert.match(letter?.reason ?? "", "lines.0.quantity");
    await hive.stop();
  });
}

test("given a schema that transforms, when an event is read, then its output is what is read", () => {
  const Dated = eventType("Dated", z.object({ on: z.iso.date().transform((text) => new Date(text)) }));
  const read: { on: Date } = Dated.read(Dated.create({ on: "2020-02-29" }));
  assert.is(read.on.getTime(), Date.UTC(2020, 1, 29));
});

test("given a schema of what JSON cannot carry, when an event is made, then it is refused, as no reader could read it", async () => {
  const Dated = eventType("Dated", z.object({ on: z.date() }));
  const error = await failureOf(() => Dated.create({ on: new Date(0) }));
  assert.is(error.code, "InvalidEvent");
  assert.match(error.message, /as it is read from JSON, does not fit Dated: on: /);
});

test("given a schema that takes the text of a date, when an event is made of a date, then it is read as one", () => {
  const Dated = eventType("Dated", z.object({ on: z.coerce.date() }));
  assert.equal(Dated.read(Dated.create({ on: new Date(0) })), { on: new Date(0) });
});

test("given a body that fits but that nobody could read, when an event is created, then it is refused as one that does not fit", async () => {
  const Text = eventType("Text", z.string());
  const error = await failureOf(() => Text.create("", { contentType: "text/plain" }));
  assert.is(error.code, "InvalidEvent");
  assert.match(error.message, /has no body/);
});

test("given a schema that is asynchronous, when an event is made, then the error says that it must not be", async () => {
  const Late = eventType(
    "Late",
    z.string().refine(async () => true),
  );
  const error = await failureOf(() => Late.create("now"));
  assert.match(error.message, /asynchronous/);
});

test("given no schema, when an event is made and read, then the compiler alone has checked it", () => {
  const Shipped = eventType<{ orderId: string }>("OrderShipped", undefined, { queueName: "Shipments" });
  const event = Shipped.create({ orderId: "1" });
  assert.is(Shipped.read(event).orderId, "1");
  assert.is(event.queueName, "Shipments");
  assert.is(Shipped.create({ orderId: "1" }, { queueName: "Others" }).queueName, "Others");
  // @ts-expect-error -- the compiler refuses another body
  Shipped.create({ order: "1" });
});

test("given an event of another type, when it is read, then the error names both", async () => {
  const error = await failureOf(() => eventType("OrderAccepted").read(new Event("OrderShipped", 1)));
  assert.is(error.code, "BodyUnreadable");
  assert.match(error.message, /OrderShipped .* it is not of the type OrderAccepted/);
});

const Name1 = eventType<{ name: string }>("Registered");
const Name2 = eventType<{ first: string; last: string }>("Registered", undefined, {
  version: 2,
  upcasters: {
    1: ({ name }: { name: string }) => {
      const [first = "", last = ""] = name.split(" ");
      return { first, last };
    },
  },
});
const Name3 = eventType("Registered", z.object({ first: z.string(), last: z.string(), title: z.string() }), {
  version: 3,
  upcasters: {
    1: ({ name }: { name: string }) => ({ first: name, last: name }),
    2: (body: { first: string; last: string }) => ({ ...body, title: "" }),
  },
});

test("given an event of an older version, when it is read, then upcasters bring it up to date, one after the other", () => {
  const old = Name1.create({ name: "Ada Lovelace" });
  assert.equal(Name2.read(old), { first: "Ada", last: "Lovelace" });
  assert.equal(Name3.read(old), { first: "Ada Lovelace", last: "Ada Lovelace", title: "" });
  assert.equal(Name3.read(Name2.create({ first: "Ada", last: "L" })), { first: "Ada", last: "L", title: "" });
});

test("given a type of a later version, when an event is made, then it carries the version beside its properties", () => {
  const event = Name2.create({ first: "Ada", last: "Lovelace" }, { properties: { source: "web" } });
  assert.equal(event.properties, { source: "web", schemaVersion: 2 });
  assert.equal(Name1.create({ name: "Ada" }).properties, {});
});

test("given an event of a newer version, when an actor reads it, then it is a dead letter that says so", async () => {
  @actorDescription("Registered-Welcome")
  class WelcomeActor implements ProcessorActor {
    processAsync(event: Event): void {
      Name1.read(event);
    }
  }
  const hive = await TestHive.start({ actors: WelcomeActor });
  await hive.push(Name2.create({ first: "Ada", last: "Lovelace" }));
  await hive.settle();
  const [letter] = await hive.deadLetters("Registered-Welcome");
  assert.match(letter?.reason ?? "", "its version is 2, this code reads Registered up to version 1");
  await hive.stop();
});

test("given no upcaster from a version, when such an event is read, then the error names the gap", async () => {
  const Gap = eventType("Registered", undefined, { version: 3, upcasters: { 2: (body: object) => body } });
  const error = await failureOf(() => Gap.read(Name1.create({ name: "Ada" })));
  assert.match(error.message, "there is no upcaster from version 1");
});

test("given an upcaster that throws, when an event is read, then the error keeps what it threw", async () => {
  const cause = new Error("no surname");
  const upcasters = {
    1: (): never => {
      throw cause;
    },
  };
  const error = await failureOf(() =>
    eventType("Registered", undefined, { version: 2, upcasters }).read(Name1.create({ name: "Ada" })),
  );
  assert.is(error.cause, cause);
  assert.match(error.message, "the upcaster from version 1");
});

for (const version of ["2", 1.5, 0, true]) {
  test(`given the version ${JSON.stringify(version)}, when such an event is read, then it is none`, async () => {
    const event = new Event("Registered", { name: "Ada" }, { properties: { schemaVersion: version } });
    const error = await failureOf(() => Name2.read(event));
    assert.match(error.message, `${JSON.stringify(version)} is not a version`);
  });
}

const same = (body: object): object => body;
for (const options of [
  { version: 0 },
  { version: 1.5 },
  { version: 2, upcasters: { 0: same } },
  { version: 2, upcasters: { 2: same } },
  { version: 2, upcasters: { old: same } },
]) {
  const described = JSON.stringify(options, (_name, value: unknown) => (typeof value === "function" ? "same" : value));
  test(`given ${described}, when a type is declared, then it is refused`, async () => {
    const error = await failureOf(() => eventType("Registered", undefined, options));
    assert.is(error.code, "InvalidConfiguration");
  });
}

for (const [what, declare, reason] of [
  [
    "an option nobody knows",
    () => eventType("A", undefined, { versions: 2 } as never),
    /"versions" is not an option of A/,
  ],
  ["options in place of the schema", () => eventType("A", { version: 2 } as never), /options are the third argument/],
  ["a schema that is null", () => eventType("A", null as never), /The schema of A is no Standard Schema/],
  ["a name that is a class", () => eventType(class A {} as never), /must be a text that is not empty, not a function/],
  ["an empty name", () => eventType(""), /not an empty text/],
] as const) {
  test(`given ${what}, when a type is declared, then the error says what is right`, async () => {
    const error = await failureOf(declare);
    assert.is(error.code, "InvalidConfiguration");
    assert.match(error.message, reason);
  });
}

test.run();
