import { type as arktype } from "arktype";
import {
  actorDescription,
  bodyOf,
  Event,
  eventType,
  type EventType,
  type InputOf,
  type ProcessorActor,
} from "beehive-actors";
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

/** The same type of event by three schema libraries, which must all work equally. */
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
  test(`a schema of ${library} keeps and types the body`, () => {
    const event = OrderAccepted.create(order, { partitionKey: "1" });
    const read: Order = OrderAccepted.read(event);
    assert.equal(read, order);
    assert.is(event.queueName, "OrderAccepted-");
    assert.is(event.partitionKey, "1");
    assert.ok(OrderAccepted.is(event));
    assert.not(OrderAccepted.is(new Event("OrderShipped")));
  });

  test(`a schema of ${library} refuses a wrong body with its path`, async () => {
    const error = await failureOf(() => OrderAccepted.create(wrong as unknown as Order));
    assert.is(error.code, "InvalidEvent");
    assert.match(error.message, "lines.0.quantity");
  });

  test(`a wrong received body is dead-lettered with its path: ${library}`, async () => {
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

test("read returns the output of a schema that transforms", () => {
  const Dated = eventType("Dated", z.object({ on: z.iso.date().transform((text) => new Date(text)) }));
  const read: { on: Date } = Dated.read(Dated.create({ on: "2020-02-29" }));
  assert.is(read.on.getTime(), Date.UTC(2020, 1, 29));
});

test("a body that JSON cannot carry does not fit its schema", async () => {
  const Dated = eventType("Dated", z.object({ on: z.date() }));
  const error = await failureOf(() => Dated.create({ on: new Date(0) }));
  assert.is(error.code, "InvalidEvent");
  assert.match(error.message, /as it is read from JSON, does not fit Dated: on: /);
});

test("a schema for the text of a date reads an event made of a date", () => {
  const Dated = eventType("Dated", z.object({ on: z.coerce.date() }));
  assert.equal(Dated.read(Dated.create({ on: new Date(0) })), { on: new Date(0) });
});

test("a body that no reader could read does not fit", async () => {
  const Text = eventType("Text", z.string());
  const error = await failureOf(() => Text.create("", { contentType: "text/plain" }));
  assert.is(error.code, "InvalidEvent");
  assert.match(error.message, /has no body/);
});

test("an asynchronous schema is refused", async () => {
  const Late = eventType(
    "Late",
    z.string().refine(async () => true),
  );
  const error = await failureOf(() => Late.create("now"));
  assert.match(error.message, /asynchronous/);
});

test("without a schema the compiler alone checks", () => {
  const Shipped = eventType<{ orderId: string }>("OrderShipped", undefined, { queueName: "Shipments" });
  const event = Shipped.create({ orderId: "1" });
  assert.is(Shipped.read(event).orderId, "1");
  assert.is(event.queueName, "Shipments");
  assert.is(Shipped.create({ orderId: "1" }, { queueName: "Others" }).queueName, "Others");
  // @ts-expect-error -- the compiler refuses another body
  Shipped.create({ order: "1" });
});

test("an event of another type is refused, naming both", async () => {
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

test("upcasters turn an older body into the current one, step by step", () => {
  const old = Name1.create({ name: "Ada Lovelace" });
  assert.equal(Name2.read(old), { first: "Ada", last: "Lovelace" });
  assert.equal(Name3.read(old), { first: "Ada Lovelace", last: "Ada Lovelace", title: "" });
  assert.equal(Name3.read(Name2.create({ first: "Ada", last: "L" })), { first: "Ada", last: "L", title: "" });
});

test("an event of a later version carries it beside its properties", () => {
  const event = Name2.create({ first: "Ada", last: "Lovelace" }, { properties: { source: "web" } });
  assert.equal(event.properties, { source: "web", schemaVersion: 2 });
  assert.equal(Name1.create({ name: "Ada" }).properties, {});
});

test("an event of a newer version is dead-lettered with the reason", async () => {
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

test("a missing upcaster is named", async () => {
  const Gap = eventType("Registered", undefined, { version: 3, upcasters: { 2: (body: object) => body } });
  const error = await failureOf(() => Gap.read(Name1.create({ name: "Ada" })));
  assert.match(error.message, "there is no upcaster from version 1");
});

test("a failing upcaster keeps its error as the cause", async () => {
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
  test(`the version ${JSON.stringify(version)} is refused`, async () => {
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
  test(`a type with ${described} is refused`, async () => {
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
  test(`a type with ${what} is refused with the right form`, async () => {
    const error = await failureOf(declare);
    assert.is(error.code, "InvalidConfiguration");
    assert.match(error.message, reason);
  });
}

test("a body from elsewhere is parsed, or refused with its problems", async () => {
  const Paid = eventType("Paid", z.object({ orderId: z.string(), at: z.string().default("now") }));
  const given: InputOf<typeof Paid> = { orderId: "1" };
  assert.equal(Paid.parse(given), { orderId: "1", at: "now" });
  const { code, message } = await failureOf(() => Paid.parse({ orderId: 1 }));
  assert.is(code, "InvalidEvent");
  assert.match(message, "orderId");
  const Bare = eventType("Bare", bodyOf<{ id: string }>());
  assert.equal([Bare.parse({ id: "1" }), Bare.schema], [{ id: "1" }, undefined]);
});

test.run();
