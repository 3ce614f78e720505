import { inspect } from "node:util";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import * as assert from "uvu/assert";
import { Event, type EventOptions } from "../../../src/events/event.ts";
import { suite } from "../../support/suite.ts";
import { throwsCode } from "../../support/throws.ts";

const test = suite("Event");

test("an event has an id, a time and the topic of its type", () => {
  const before = Date.now();
  const event = new Event("OrderAccepted");
  assert.match(event.id, /^[0-9a-f]{8}-[0-9a-f]{4}-4/);
  assert.is(event.id, event.id);
  assert.is.not(event.id, new Event("OrderAccepted").id);
  assert.ok(event.timestamp.getTime() >= before && event.timestamp.getTime() <= Date.now());
  assert.is(event.queueName, "OrderAccepted-");
  assert.is(event.contentType, "application/json");
  assert.is(event.enqueueTime, undefined);
});

test("a queue name has one form", () => {
  const nameOf = (queueName: string): string => new Event("A", 1, { queueName }).queueName;
  assert.is(nameOf("Orders"), "Orders");
  assert.is(nameOf("Orders-Orders"), "Orders");
  assert.is(nameOf("Orders-"), "Orders-");
});

test("a subscription as destination is InvalidQueueName with its topic", async () => {
  const error = await throwsCode("InvalidQueueName", () => new Event("A", 1, { queueName: "Orders-Billing" }));
  assert.match(error.message, '"Orders-"');
});

test("a type that cannot name a topic needs a queue name", async () => {
  const error = await throwsCode("InvalidEvent", () => new Event("com.example.order"));
  assert.match(error.message, "give a queueName");
  assert.is(new Event("com.example.order", 1, { queueName: "Orders-" }).eventType, "com.example.order");
});

test("an event cannot be changed", () => {
  const properties = { a: 1 };
  const event = new Event("A", 1, { properties, timestamp: new Date(5), enqueueTime: new Date(6) });
  properties.a = 2;
  assert.throws(() => Object.assign(event, { eventType: "B" }), TypeError);
  assert.throws(() => Object.assign(event, { extra: 1 }), TypeError);
  assert.throws(() => Object.assign(event.properties, { a: 2 }), TypeError);
  event.timestamp.setTime(0);
  event.enqueueTime?.setTime(0);
  assert.equal([event.properties["a"], event.timestamp.getTime(), event.enqueueTime?.getTime()], [1, 5, 6]);
});

test("later changes of dates do not change the event", () => {
  const timestamp = new Date(5);
  const event = new Event("A", 1, { timestamp, enqueueTime: timestamp });
  timestamp.setTime(0);
  assert.equal([event.timestamp.getTime(), event.enqueueTime?.getTime()], [5, 5]);
});

const mistakes: readonly [string, EventOptions, RegExp][] = [
  ["an empty id", { id: "" }, /id.*not empty/],
  ["a long id", { id: "x".repeat(129) }, /129 characters/],
  ["an id with control characters", { id: "a\nb" }, /control/],
  ["a time that is none", { timestamp: new Date("no") }, /timestamp/],
  ["an enqueue time that is none", { enqueueTime: new Date("no") }, /enqueueTime/],
  ["a property that is an object", { properties: { a: {} as never } }, /"a"/],
  ["a property that is no finite number", { properties: { a: Number.NaN } }, /"a"/],
  ["an enqueue time that is a text", { enqueueTime: "2030-01-01" as never }, /enqueueTime.*a Date, not a text/],
  ["a timestamp that is a number", { timestamp: 0 as never }, /timestamp.*a Date, not 0/],
  ["a time that is null", { enqueueTime: null as never }, /enqueueTime.*not null/],
  ["a time beyond those of dates", { timestamp: new Date(8.64e15 + 1) }, /timestamp.*valid date/],
  ["an option that nobody knows", { enqueuetime: new Date() } as never, /"enqueuetime" is no option.*enqueueTime/],
  ["a partition key that is true", { partitionKey: true as never }, /partitionKey.*a text, not true/],
  ["a partition key that is an object", { partitionKey: { a: "secret" } as never }, /not an object \(Object\)\.$/],
  ["a partition key with NUL", { partitionKey: "a\0b" }, /partitionKey.*NUL/],
  ["a partition key with a line break", { partitionKey: "a\nb" }, /partitionKey.*control/],
  ["a correlation id that is a number", { correlationId: 7 as never }, /correlationId.*not 7/],
  ["a correlation id with half a character", { correlationId: "\ud800" }, /correlationId.*well-formed/],
  ["a causation id that is an array", { causationId: [] as never }, /causationId.*an array/],
  ["a url with NUL", { url: "a\0b" }, /url.*NUL/],
  ["a content type with a line break", { contentType: "text/plain\nx" }, /contentType.*control/],
  ["a queue name that is a number", { queueName: 7 as never }, /queueName/],
  ["a delivery that nobody knows", { delivery: "audit" as never }, /"business" or "log", not the text "audit"\.$/],
  ["a long delivery", { delivery: `${"x".repeat(200)}` as never }, /not the text "x{80}"\.$/],
  ["a delivery with commands", { delivery: "a\u202e\n" as never }, /not the text "a\\u202e\\n"\.$/],
  ["a delivery that is an object", { delivery: { a: "secret" } as never }, /not an object \(Object\)\.$/],
  ["properties that are a Map", { properties: new Map([["a", 1]]) as never }, /properties.*an object \(Map\)/],
  ["properties that are a text", { properties: "a" as never }, /properties.*a text/],
  ["the name of a property with NUL", { properties: { "a\0": 1 } }, /name of a property.*NUL/],
  ["a property with half a character", { properties: { a: "\udc00" } }, /"a".*well-formed/],
  ["a property that is undefined", { properties: { a: undefined as never } }, /"a"/],
];
for (const [what, options, reason] of mistakes) {
  test(`${what} is InvalidEvent, also in a clone`, async () => {
    assert.match((await throwsCode("InvalidEvent", () => new Event("A", 1, options))).message, reason);
    assert.match((await throwsCode("InvalidEvent", () => new Event("A", 1).clone(options))).message, reason);
  });
}

test("options that are no object are InvalidEvent", async () => {
  for (const options of [null, "Q-", 7]) await throwsCode("InvalidEvent", () => new Event("A", 1, options as never));
});

test("wrong records are refused and named", async () => {
  const record = new Event("A", 1).toRecord();
  const bad: readonly [object, RegExp][] = [
    [{ id: 7 }, /the id of/],
    [{ eventType: "" }, /the eventType of/],
    [{ contentType: undefined }, /the contentType of/],
    [{ partitionKey: "a\0" }, /the partitionKey of/],
    [{ correlationId: true }, /the correlationId of/],
    [{ causationId: "\0" }, /the causationId of/],
    [{ url: 7 }, /the url of/],
    [{ queueName: 7 }, /the queueName of/],
    [{ timestamp: 1e20 }, /the timestamp of.*1e\+?20|the timestamp of/],
    [{ timestamp: "2030-01-01" }, /the timestamp of/],
    [{ enqueueTime: Number.NaN }, /the enqueueTime of/],
    [{ properties: { a: [] } }, /the property "a" of/],
    [{ delivery: "x" }, /the delivery of/],
    [{ body: true }, /its body must travel as text or bytes, not as true/],
    [{ body: "\ud800", contentType: "text/plain" }, /its body is not well-formed/],
  ];
  for (const [changes, reason] of bad) {
    const error = await throwsCode("InvalidEvent", () => Event.fromRecord({ ...record, ...changes }));
    assert.match(error.message, reason);
  }
});

test("empty optional texts count as none", () => {
  const none = { url: "", correlationId: "", causationId: "", partitionKey: "", contentType: "" };
  for (const event of [new Event("A", 1, none), new Event("A", 1).clone(none)]) {
    assert.equal([event.url, event.correlationId, event.causationId, event.partitionKey], Array(4).fill(undefined));
    assert.is(event.contentType, "application/json");
  }
  assert.is(Event.fromRecord({ ...new Event("A").toRecord(), partitionKey: "" }).partitionKey, undefined);
});

test("toJSON writes the whole event", () => {
  const event = new Event(
    "A",
    { n: 1 },
    { id: "1", timestamp: new Date(0), enqueueTime: new Date(1), partitionKey: "k", properties: { p: 1 } },
  );
  assert.equal(JSON.parse(JSON.stringify({ event })), {
    event: {
      id: "1",
      eventType: "A",
      queueName: "A-",
      timestamp: "1970-01-01T00:00:00.000Z",
      enqueueTime: "1970-01-01T00:00:00.001Z",
      contentType: "application/json",
      body: { n: 1 },
      properties: { p: 1 },
      partitionKey: "k",
      delivery: "business",
    },
  });
  const record = event.toRecord();
  const bodyOf = (body: string | Uint8Array, contentType = "application/json"): unknown =>
    JSON.parse(JSON.stringify(Event.fromRecord({ ...record, body, contentType })));
  assert.is((bodyOf("{broken") as { body: unknown }).body, "{broken");
  assert.is((bodyOf("text", "text/plain") as { body: unknown }).body, "text");
  assert.is((bodyOf(Uint8Array.of(1)) as { bodyBase64: unknown }).bodyBase64, "AQ==");
  assert.not("body" in (bodyOf("") as object));
});

test("console.log shows an event without its body", () => {
  const event = new Event("A", { secret: "hunter2" }, { id: "1", partitionKey: "k", timestamp: new Date(0) });
  const told = inspect({ event }, { breakLength: Infinity });
  assert.match(told, /^\{ event: Event A \{ id: '1', queueName: 'A-', timestamp: 1970-01-01T00:00:00\.000Z,/);
  assert.match(told, /bodySize: 20, partitionKey: 'k' \}/);
  assert.not.match(told, /hunter2/);
  const shared = new Event("A", { secret: "hunter2", n: 1n }, { byReference: true });
  assert.match(inspect(shared), /byReference: true/);
  assert.not.match(inspect([[[shared]]]), /hunter2/);
});

test("an event without a type is InvalidEvent", async () => {
  for (const type of [undefined, null, 7, { eventType: "A", partitionKey: true }, new Event("A").toRecord()])
    await throwsCode("InvalidEvent", () => new Event(type as never, 1));
  await throwsCode("InvalidEvent", () => new Event("", 1, { queueName: "Q" }));
  await throwsCode("InvalidEvent", () => new Event("x".repeat(129), 1, { queueName: "Q" }));
});

test("a clone differs in its id and the changes only", () => {
  const event = new Event(
    "A",
    { a: 1 },
    {
      id: "1",
      properties: { p: 1 },
      timestamp: new Date(5),
      enqueueTime: new Date(6),
      correlationId: "c",
      partitionKey: "k",
      url: "u",
    },
  );
  const { id: _, ...rest } = event.toRecord();
  const { id, ...same } = event.clone().toRecord();
  assert.equal(same, rest);
  assert.is.not(id, "1");
  const changed = event.clone({
    id: "2",
    queueName: "Q-Q",
    properties: { q: true },
    enqueueTime: undefined,
    timestamp: new Date(7),
    correlationId: "d",
    url: undefined,
  });
  assert.equal(changed.toRecord(), {
    ...event.toRecord(),
    id: "2",
    queueName: "Q",
    properties: { q: true },
    enqueueTime: undefined,
    timestamp: 7,
    correlationId: "d",
  });
});

test("an id is fixed once it was read", () => {
  const event = new Event("A");
  assert.not(event.hasId);
  const { id } = event;
  assert.ok(event.hasId && event.id === id);
  assert.ok(new Event("A", 1, { id: "1" }).hasId);
  const copy = event.clone();
  assert.not(copy.hasId, "the hive may still give a copy its deterministic id");
  assert.not(copy.id === id);
  assert.ok(event.clone({ id: "2" }).hasId);
});

test("plain data and back is the same event", () => {
  const options: EventOptions = {
    id: "1",
    queueName: "Q",
    timestamp: new Date(5),
    contentType: "text/plain",
    url: "u",
    properties: { a: 1, b: "2", c: false },
    enqueueTime: new Date(6),
    correlationId: "c",
    causationId: "d",
    partitionKey: "k",
    delivery: "log",
  };
  const record = new Event("A", "body", options).toRecord();
  assert.equal(Event.fromRecord(record).toRecord(), record);
  assert.equal(Event.fromRecord(JSON.parse(JSON.stringify(record))).toRecord(), record);
});

test("an event type that is cut out of a text does not keep the text", () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const used = (): number => {
    collect();
    return process.memoryUsage().heapUsed;
  };
  const before = used();
  for (let n = 0; n < 50; n++) {
    const line = `CutOutOfALongText${n};${"x".repeat(1_000_000)}`;
    assert.is(new Event(line.slice(0, line.indexOf(";"))).queueName, `CutOutOfALongText${n}-`);
  }
  assert.ok(used() - before < 20_000_000);
});

test.run();
