import * as assert from "uvu/assert";
import { Event, type EventOptions } from "../../src/event.ts";
import { suite } from "../support/suite.ts";
import { throwsCode } from "../support/throws.ts";

const test = suite("Event");

test("given a type and nothing else, then the event has an id, a time and the topic of its type", () => {
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

test("given a queue name, then it is written in its one way", () => {
  const nameOf = (queueName: string): string => new Event("A", 1, { queueName }).queueName;
  assert.is(nameOf("Orders"), "Orders");
  assert.is(nameOf("Orders-Orders"), "Orders");
  assert.is(nameOf("Orders-"), "Orders-");
});

test("given a subscription as destination, then InvalidQueueName names the topic to publish to", async () => {
  const error = await throwsCode("InvalidQueueName", () => new Event("A", 1, { queueName: "Orders-Billing" }));
  assert.match(error.message, '"Orders-"');
});

test("given a type that no topic can be named like, then a queue name is asked for, and with one it is taken", async () => {
  const error = await throwsCode("InvalidEvent", () => new Event("com.example.order"));
  assert.match(error.message, "give a queueName");
  assert.is(new Event("com.example.order", 1, { queueName: "Orders-" }).eventType, "com.example.order");
});

test("given a body that is changed afterwards, then the event's body is as it was at construction", () => {
  const body = { lines: [1] };
  const event = new Event("A", body);
  body.lines.push(2);
  assert.equal(event.getBody(), { lines: [1] });
});

test("given a body that was read, when it is changed, then the next reader does not see it", () => {
  const event = new Event("A", { lines: [1] });
  event.getBody().lines.push(2);
  assert.equal(event.getBody(), { lines: [1] });
});

test("given bytes, when what went in or came out is changed, then the event does not change", () => {
  const bytes = Uint8Array.of(1, 2, 3);
  const event = new Event("A", bytes);
  bytes[0] = 9;
  (event.body as Uint8Array)[1] = 9;
  event.getBody()[2] = 9;
  assert.equal([...event.getBody()], [1, 2, 3]);
  assert.is(event.contentType, "application/octet-stream");
});

test("given an event, when somebody tries to change it, then nothing changes", () => {
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

test("given dates as options, when they are changed afterwards, then the event's are as they were", () => {
  const timestamp = new Date(5);
  const event = new Event("A", 1, { timestamp, enqueueTime: timestamp });
  timestamp.setTime(0);
  assert.equal([event.timestamp.getTime(), event.enqueueTime?.getTime()], [5, 5]);
});

test("given an instance of a class as body, then it travels as its JSON", () => {
  class Order {
    readonly #secret = "hidden";
    constructor(
      readonly id: string,
      readonly at: Date,
    ) {}
    toJSON(): object {
      return { id: this.id, at: this.at, hidden: this.#secret.length };
    }
  }
  assert.equal(new Event("A", new Order("1", new Date(0))).getBody<unknown>(), {
    id: "1",
    at: "1970-01-01T00:00:00.000Z",
    hidden: 6,
  });
});

test("given values that are JSON by themselves, then each is a body", () => {
  for (const body of [null, false, 0, "", "text", [], {}]) assert.equal(new Event("A", body).getBody(), body);
});

const circular: { self?: unknown } = {};
circular.self = circular;
for (const [what, body, reason] of [
  ["a function", () => 1, "function"],
  ["a symbol", Symbol("s"), "symbol"],
  ["a bigint", 1n, "BigInt"],
  ["a circle", circular, "circular"],
] as const) {
  test(`given ${what} as body, then InvalidEvent says why it is not JSON`, async () => {
    const { message } = await throwsCode("InvalidEvent", () => new Event("Odd", body));
    assert.match(message, "Odd");
    assert.match(message, reason);
  });
}

test("given a content type of its own, then text and bytes are taken as they are, and nothing else", async () => {
  assert.is(new Event("A", "a,b", { contentType: "text/csv" }).getBody(), "a,b");
  assert.is(new Event("A", "a,b", { contentType: "text/csv" }).body, "a,b");
  const { message } = await throwsCode("InvalidEvent", () => new Event("A", { a: 1 }, { contentType: "text/csv" }));
  assert.match(message, "text/csv");
});

test("given a content type that ends in +json or has parameters, then the body is JSON", () => {
  for (const contentType of ["application/vnd.order+json", "application/json; charset=utf-8", "Application/JSON"]) {
    assert.is(new Event("A", { a: 1 }, { contentType }).body, '{"a":1}', contentType);
  }
});

test("given no body, when it is read, then BodyUnreadable", async () => {
  await throwsCode("BodyUnreadable", () => new Event("A").getBody());
});

test("given a body that is not JSON, when it is read, then BodyUnreadable says where and quotes nothing of it", async () => {
  const event = Event.fromRecord({ ...new Event("A").toRecord(), body: '{"card": "4111", }' });
  const error = await throwsCode("BodyUnreadable", () => event.getBody());
  assert.match(error.message, "position 17");
  assert.not.match(error.message, "4111");
  assert.not(error.retryable);
});

test("given bytes that are JSON, when they are read, then they are parsed", () => {
  const event = new Event("A", new TextEncoder().encode('{"a":"ü"}'), { contentType: "application/json" });
  assert.equal(event.getBody<unknown>(), { a: "ü" });
});

const mistakes: readonly [string, EventOptions, RegExp][] = [
  ["an empty id", { id: "" }, /id.*not empty/],
  ["a long id", { id: "x".repeat(129) }, /129 characters/],
  ["an id with control characters", { id: "a\nb" }, /control/],
  ["a time that is none", { timestamp: new Date("no") }, /timestamp/],
  ["an enqueue time that is none", { enqueueTime: new Date("no") }, /enqueueTime/],
  ["a property that is an object", { properties: { a: {} as never } }, /"a"/],
  ["a property that is no finite number", { properties: { a: Number.NaN } }, /"a"/],
  ["a property that is undefined", { properties: { a: undefined as never } }, /"a"/],
];
for (const [what, options, reason] of mistakes) {
  test(`given ${what}, then InvalidEvent names it, also in a clone`, async () => {
    assert.match((await throwsCode("InvalidEvent", () => new Event("A", 1, options))).message, reason);
    assert.match((await throwsCode("InvalidEvent", () => new Event("A", 1).clone(options))).message, reason);
  });
}

test("given no type, then InvalidEvent", async () => {
  await throwsCode("InvalidEvent", () => new Event("", 1, { queueName: "Q" }));
  await throwsCode("InvalidEvent", () => new Event("x".repeat(129), 1, { queueName: "Q" }));
});

test("given an event, when it is cloned, then all but the id and the changes is the same", () => {
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

test("given an event without an id of its own, then it has one once somebody has seen it", () => {
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

test("given an event, when it is made plain data and an event again, then it is the same", () => {
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

test.run();
