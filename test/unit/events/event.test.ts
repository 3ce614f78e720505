import { inspect } from "node:util";
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

test("later changes of an object do not change the body", () => {
  const body = { lines: [1] };
  const event = new Event("A", body);
  body.lines.push(2);
  assert.equal(event.getBody(), { lines: [1] });
});

test("changes by one reader do not reach the next", () => {
  const event = new Event("A", { lines: [1] });
  event.getBody().lines.push(2);
  assert.equal(event.getBody(), { lines: [1] });
});

test("changes of bytes do not reach the event", () => {
  const bytes = Uint8Array.of(1, 2, 3);
  const event = new Event("A", bytes);
  bytes[0] = 9;
  (event.body as Uint8Array)[1] = 9;
  event.getBody()[2] = 9;
  assert.equal([...event.getBody()], [1, 2, 3]);
  assert.is(event.contentType, "application/octet-stream");
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

test("a class instance travels as its JSON", () => {
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

test("plain JSON values are bodies", () => {
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
  test(`a body of ${what} is InvalidEvent`, async () => {
    const { message } = await throwsCode("InvalidEvent", () => new Event("Odd", body));
    assert.match(message, "Odd");
    assert.match(message, reason);
  });
}

test("another content type allows text and bytes only", async () => {
  assert.is(new Event("A", "a,b", { contentType: "text/csv" }).getBody(), "a,b");
  assert.is(new Event("A", "a,b", { contentType: "text/csv" }).body, "a,b");
  const { message } = await throwsCode("InvalidEvent", () => new Event("A", { a: 1 }, { contentType: "text/csv" }));
  assert.match(message, "text/csv");
});

test("content types with +json or parameters are JSON", () => {
  for (const contentType of ["application/vnd.order+json", "application/json; charset=utf-8", "Application/JSON"]) {
    assert.is(new Event("A", { a: 1 }, { contentType }).body, '{"a":1}', contentType);
  }
});

test("an event without a body is BodyUnreadable", async () => {
  await throwsCode("BodyUnreadable", () => new Event("A").getBody());
});

test("a body that is not JSON is BodyUnreadable with its place, unquoted", async () => {
  const event = Event.fromRecord({ ...new Event("A").toRecord(), body: '{"card": "4111", }' });
  const error = await throwsCode("BodyUnreadable", () => event.getBody());
  assert.match(error.message, "position 17");
  assert.not.match(error.message, "4111");
  assert.not(error.retryable);
});

test("bytes of JSON are parsed", () => {
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
  ["a delivery that nobody knows", { delivery: "audit" as never }, /delivery.*"business" or "log"/],
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

test("bodies that JSON loses are refused, also within a body", async () => {
  const lost: readonly [unknown, string][] = [
    [new ArrayBuffer(2), "an ArrayBuffer"],
    [new DataView(new ArrayBuffer(2)), "a DataView"],
    [new Float64Array(2), "a Float64Array"],
    [new Float64Array(0), "a Float64Array"],
    [new Blob(["a"]), "a Blob"],
    [new Map([["a", 1]]), "a Map"],
    [new Set([1]), "a Set"],
    [Promise.resolve(1), "a Promise"],
    [new Error("down"), "an Error"],
    [new TypeError("down"), "an Error"],
    [/a/, "a RegExp"],
    [new URLSearchParams("a=1"), "a URLSearchParams"],
    [(function* () {})(), "a Generator"],
  ];
  for (const [value, kind] of lost) {
    const whole = await throwsCode("InvalidEvent", () => new Event("A", value));
    assert.ok(whole.message.includes(`has ${kind}, of which JSON would keep nothing`), whole.message);
    const within = await throwsCode("InvalidEvent", () => new Event("A", { list: [1, { value }] }));
    assert.ok(within.message.includes(`has ${kind} at "list.1.value"`), within.message);
  }
  await throwsCode("InvalidEvent", () => new Event("A", { content: Uint8Array.of(1) }));
  const shared = new Event("A", new Map([["a", 1]]), { byReference: true });
  await throwsCode("InvalidEvent", () => shared.body);
});

test("bodies that only look lossy are JSON", () => {
  class Empty {}
  for (const body of [{}, [], { a: {} }, { "0": 1 }, [{ "0": {} }], new Empty(), { when: new Date(0) }, { "{}": 1 }])
    assert.equal(new Event("A", body).getBody(), JSON.parse(JSON.stringify(body)));
  class Tags extends Set<string> {
    toJSON(): string[] {
      return [...this];
    }
  }
  assert.equal(new Event("A", new Tags(["a"])).getBody(), ["a"]);
  const written = { toJSON: () => ({}), hidden: new Map() };
  assert.equal(new Event("A", { none: {}, tags: new Tags(["a"]), written }).getBody(), {
    none: {},
    tags: ["a"],
    written: {},
  });
  const buffer = new Event("A", { content: Buffer.from([1]) }).getBody();
  assert.equal(buffer, { content: { type: "Buffer", data: [1] } });
  let deep: unknown = {};
  for (let n = 0; n < 3_000; n++) deep = [deep];
  assert.is(new Event("A", deep).bodySize, 6_002);
});

test("of a body with toJSON only the JSON is checked", async () => {
  class Order {
    cache = new Map([["a", 1]]);
    session: object = { options: {} };
    toJSON(): object {
      return { id: "1", options: {} };
    }
  }
  const order = new Order();
  order.session = { order, circle: { order, session: order.session } };
  const circle: Record<string, unknown> = { options: {} };
  circle["circle"] = circle;
  Object.assign(order.session, { circle });
  assert.equal(new Event("A", order).getBody(), { id: "1", options: {} });
  const shared = { none: {} };
  assert.equal(new Event("A", [shared, shared]).getBody(), [shared, shared]);
});

test("a loss behind toJSON, and an error with a code, are refused", async () => {
  const hidden = { toJSON: () => new Map([[1, 2]]) };
  const coded = Object.assign(new Error("down"), { code: "ECONNRESET" });
  for (const [body, what] of [
    [hidden, "a Map"],
    [{ a: hidden }, 'a Map at "a"'],
    [{ e: coded }, 'an Error at "e"'],
  ] as const) {
    const { message } = await throwsCode("InvalidEvent", () => new Event("A", body));
    assert.ok(message.includes(`has ${what}, of which`), message);
  }
});

test("half a character is refused as text and escaped in JSON", async () => {
  await throwsCode("InvalidEvent", () => new Event("A", "\ud800", { contentType: "text/plain" }));
  assert.is(new Event("A", "\ud800").body, '"\\ud800"');
});

test("later changes of a Buffer do not change the event", () => {
  const bytes = Buffer.from([1, 2]);
  const event = new Event("A", bytes);
  bytes.fill(9);
  assert.equal([...event.getBody()], [1, 2]);
  const kept = Event.fromRecord({ ...event.toRecord(), body: Buffer.from([3]) });
  (kept.body as Uint8Array).fill(9);
  assert.equal([...(kept.body as Uint8Array)], [3]);
});

test("JSON bytes that are not UTF-8 are BodyUnreadable", async () => {
  const event = new Event("A", Uint8Array.of(0x22, 0xff, 0x22), { contentType: "application/json" });
  const { message } = await throwsCode("BodyUnreadable", () => event.getBody());
  assert.match(message, /its content type is application\/json and its bytes are not UTF-8/);
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

test.run();
