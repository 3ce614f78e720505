import {
  actor,
  collectionStore,
  createHive,
  processManager,
  silentLogger,
  toCloudEvent,
  toCloudEventText,
  type Event,
  type ProcessState,
} from "beehive-actors";
import { accepting, ingestion, IngestionRejected, type IngestHandler } from "beehive-actors/http";
import { avro } from "beehive-actors/avro";
import { schemaCodec, type SchemaRegistry } from "beehive-actors/schemas";
import { HTTP } from "cloudevents";
import * as assert from "uvu/assert";
import * as v from "valibot";
import { collecting, OrderAccepted, OrderCancelled, ReadingTaken } from "../../../support/edge-events.ts";
import { edgeScene, type Reply } from "../../../support/edge.ts";
import { failureOf } from "../../../support/failure.ts";
import { suite } from "../../../support/suite.ts";

const test = suite("ingestion over HTTP");

const eventsOf = ({ handlers }: Reply, name: string): readonly string[] => handlers[name]?.events ?? [];

test("an event type takes a body at the path of its name", async () => {
  const { Collect, events } = collecting(OrderAccepted);
  await using scene = await edgeScene({ handlers: { orders: OrderAccepted } }, { actors: Collect });
  const reply = await scene.send({ orderId: "1" }, { path: "/api/ingest/orders" });
  assert.is(reply.status, 200);
  assert.match(reply.requestId, /^[\da-f-]{36}$/);
  assert.is(reply.handlers["orders"]?.status, 200);
  await scene.hive.whenIdle();
  assert.equal(
    events.map(({ id }) => id),
    eventsOf(reply, "orders"),
  );
  assert.equal(events[0]?.getBody(), { orderId: "1" });
});

test("an array and lines of JSON give an event for each value", async () => {
  const { Collect, events } = collecting(OrderAccepted);
  await using scene = await edgeScene({ handlers: { orders: OrderAccepted } }, { actors: Collect });
  const path = "/ingest/orders";
  const many = Array.from({ length: 3 }, (_, index) => ({ orderId: `a${index}` }));
  assert.is(eventsOf(await scene.send(many, { path }), "orders").length, 3);
  const lines = '{"orderId":"l0"}\n\n{"orderId":"l1"}\r\n';
  const reply = await scene.send(lines, { path, headers: { "content-type": "application/x-ndjson" } });
  assert.is(eventsOf(reply, "orders").length, 2);
  await scene.hive.whenIdle();
  assert.equal(
    events.map((event) => event.getBody<{ orderId: string }>().orderId),
    ["a0", "a1", "a2", "l0", "l1"],
  );
});

test("CloudEvents come in structured, binary and batched", async () => {
  const { Collect, events } = collecting(OrderAccepted);
  await using scene = await edgeScene({ handlers: { orders: OrderAccepted } }, { actors: Collect });
  const made = [1, 2, 3, 4].map((n) =>
    OrderAccepted.create(
      { orderId: `ü${n}` },
      { id: `id-${n}`, properties: { source: "/shop ä" }, partitionKey: `k${n}` },
    ),
  );
  const [one, two, three, four] = made.map((event) => toCloudEvent(event));
  const structured = await scene.send(toCloudEventText(made[0] as Event), {
    headers: { "content-type": "application/cloudevents+json; charset=utf-8" },
  });
  assert.equal(eventsOf(structured, "orders"), ["id-1"], JSON.stringify(structured));
  const batch = await scene.send([two, three], { headers: { "content-type": "application/cloudevents-batch+json" } });
  assert.equal(eventsOf(batch, "orders"), ["id-2", "id-3"]);
  const { CloudEvent } = await import("cloudevents");
  const { headers, body } = HTTP.binary(new CloudEvent({ ...four, source: "/shop" } as never));
  const binary = await scene.send(body, { headers: headers as Record<string, string> });
  assert.equal(eventsOf(binary, "orders"), ["id-4"], JSON.stringify(binary));
  await scene.hive.whenIdle();
  assert.equal(
    events.map((event) => event.getBody()),
    made.map((event) => event.getBody()),
  );
  assert.equal(
    events.map(({ partitionKey }) => partitionKey),
    ["k1", "k2", "k3", "k4"],
  );
  assert.is(one?.specversion, "1.0");
});

test("a CloudEvent has no say in its destination, and no id of the hive", async () => {
  const { Collect, events } = collecting(OrderAccepted);
  await using scene = await edgeScene(
    { handlers: { orders: OrderAccepted } },
    { actors: Collect, publishes: ["Secret"] },
  );
  const sent = {
    ...toCloudEvent(OrderAccepted.create({ orderId: "1" }, { id: "7" })),
    beehivequeue: "Secret",
    beehivedelivery: "log",
  };
  const reply = await scene.send(sent, { headers: { "content-type": "application/cloudevents+json" } });
  assert.is(reply.status, 200);
  await scene.hive.push(OrderAccepted.create({ orderId: "own" }, { id: "7" }));
  await scene.hive.whenIdle();
  assert.equal(
    events.map((event) => event.getBody<{ orderId: string }>().orderId),
    ["1", "own"],
  );
  assert.is(events[0]?.properties["source"], "/ingest");
});

test("two handlers join one request, and everything is one push", async () => {
  const orders = collecting(OrderAccepted);
  const readings = collecting(ReadingTaken);
  await using scene = await edgeScene(
    {
      handlers: {
        orders: {
          join: ({ items: [item] }) => Object.hasOwn(Object(item?.value), "orderId"),
          ingest: ({ items }) => items.map(({ value }) => OrderAccepted.create(value as { orderId: string })),
        },
        devices: {
          join: ({ headers }) => headers.has("x-device"),
          async *ingest({ headers }) {
            yield ReadingTaken.create({ device: headers.get("x-device") ?? "" });
          },
        },
      },
    },
    { actors: [orders.Collect, readings.Collect] },
  );
  const pushed: number[] = [];
  const push = scene.hive.push.bind(scene.hive);
  Object.assign(scene.hive, { push: (events: Event[]) => (pushed.push(events.length), push(events)) });
  const both = await scene.send({ orderId: "1" }, { headers: { "x-device": "d1" } });
  assert.equal(Object.keys(both.handlers).toSorted(), ["devices", "orders"]);
  assert.equal(pushed, [2]);
  const one = await scene.send({ orderId: "1" });
  assert.equal(Object.keys(one.handlers), ["orders"]);
  await scene.hive.whenIdle();
  assert.is(orders.events.length, 2);
  assert.is(readings.events.length, 1);
});

test("nobody joined is 404, and so is an unknown name", async () => {
  await using scene = await edgeScene({ handlers: { orders: OrderAccepted } });
  for (const path of ["/ingest", "/ingest/devices", "/ingest/__proto__", "/ingest/constructor", "/elsewhere"])
    assert.is((await scene.send({ orderId: "1" }, { path })).status, 404, path);
});

test("an invalid request is 422 with the path, and publishes nothing", async () => {
  const { Collect, events } = collecting(OrderAccepted);
  const rejected = collecting(IngestionRejected);
  await using scene = await edgeScene({ handlers: { orders: OrderAccepted } }, { actors: [Collect, rejected.Collect] });
  const body = [{ orderId: "1" }, { orderId: "2", lines: [{ sku: "a" }, { sku: 7 }] }, {}];
  const reply = await scene.send(body, { path: "/ingest/orders" });
  assert.is(reply.status, 422);
  const problems = reply.handlers["orders"]?.problems ?? [];
  assert.equal(
    problems.map(({ path }) => path),
    ["1.lines.1.sku", "2.orderId"],
  );
  await scene.hive.whenIdle();
  assert.equal(events, []);
  const [report] = rejected.events.map((event) => IngestionRejected.read(event));
  assert.is(report?.requestId, reply.requestId);
  assert.is(report?.client, "ada");
  assert.equal(report?.handlers, [{ name: "orders", problems }]);
});

test("a handler whose join cannot read the content does not join", async () => {
  const { Collect, events } = collecting(OrderAccepted);
  const picky: IngestHandler = {
    join({ items }) {
      OrderCancelled.parse(items[0]?.value);
      return true;
    },
    ingest: () => [],
  };
  const orders = { join: () => true, ingest: () => OrderAccepted.create({ orderId: "1" }) };
  await using scene = await edgeScene({ handlers: { picky, orders } }, { actors: Collect });
  const reply = await scene.send({ other: 1 });
  assert.equal([reply.status, Object.keys(reply.handlers)], [200, ["orders"]]);
  assert.is(scene.edge.handlers()[0]?.failures, 0);
  await scene.hive.whenIdle();
  assert.is(events.length, 1);
});

test("all who joined must find a request valid", async () => {
  const { Collect, events } = collecting(OrderAccepted);
  const always = { join: () => true };
  await using scene = await edgeScene(
    {
      handlers: {
        orders: { ...always, ingest: () => OrderAccepted.create({ orderId: "1" }) },
        text: { ...always, validate: () => "it is too dull", ingest: () => [] },
        places: { ...always, validate: () => [{ path: "a.b", problem: "wrong" }], ingest: () => [] },
        plain: { ...always, validate: () => false, ingest: () => [] },
        parsed: { ...always, validate: ({ items }) => void OrderCancelled.parse(items[0]?.value), ingest: () => [] },
      },
    },
    { actors: Collect },
  );
  const reply = await scene.send({ any: 1 });
  assert.is(reply.status, 422);
  assert.equal(reply.handlers["text"]?.problems, [{ path: "", problem: "it is too dull" }]);
  assert.equal(reply.handlers["places"]?.problems, [{ path: "a.b", problem: "wrong" }]);
  assert.is(reply.handlers["plain"]?.status, 422);
  assert.match(reply.handlers["parsed"]?.problems?.[0]?.problem ?? "", "orderId");
  await scene.hive.whenIdle();
  assert.equal(events, []);
});

test("text that is no JSON is 400 with its place, and is reported", async () => {
  const rejected = collecting(IngestionRejected);
  await using scene = await edgeScene({ handlers: { orders: OrderAccepted } }, { actors: rejected.Collect });
  const reply = await scene.send('{"orderId": secret}', { path: "/ingest/orders" });
  assert.is(reply.status, 400);
  assert.match(reply.error ?? "", "at position 12");
  assert.not.match(JSON.stringify(reply), "secret");
  const lines = await scene.send('{"orderId":"1"}\n{', {
    path: "/ingest/orders",
    headers: { "content-type": "application/x-ndjson" },
  });
  assert.match(lines.error ?? "", /^Line 2 is not JSON/);
  assert.is((await scene.send(new Uint8Array([123, 0xff]), { path: "/ingest/orders" })).status, 400);
  await scene.hive.whenIdle();
  assert.is(rejected.events.length, 3);
});

test("names that reach a prototype and deep nesting are refused", async () => {
  await using scene = await edgeScene({ handlers: { readings: ReadingTaken } });
  const status = async (body: string) => (await scene.send(body, { path: "/ingest/readings" })).status;
  assert.is(await status('{"device":"1","__proto__":{"admin":true}}'), 422);
  assert.is(await status('{"device":"1","\\u005f_proto__":{}}'), 422);
  assert.is(await status('[{"a":{"constructor":{"prototype":{"admin":true}}}}]'), 422);
  assert.is(await status(`${"[".repeat(100_000)}${"]".repeat(100_000)}`), 422);
  assert.is(await status('{"device":"1","constructor":"Bob"}'), 200);
  assert.is(({} as { admin?: boolean }).admin, undefined);
});

test("the answer waits for the end of what followed, if it is asked to", async () => {
  const { Collect } = collecting(OrderAccepted);
  let end = (): void => {};
  const held = new Promise<void>((resolve) => void (end = resolve));
  const Bill = actor(
    "OrderAccepted-Bill",
    OrderAccepted,
    { retry: { maxAttempts: 1 } },
    async ({ body: { orderId } }) => {
      if (orderId === "bad") throw new Error("no");
      if (orderId === "slow") await held;
    },
  );
  await using scene = await edgeScene(
    { handlers: { orders: OrderAccepted }, processedTimeout: "300ms" },
    { actors: [Collect, Bill] },
  );
  const path = "/ingest/orders?ack=processed";
  const end1 = await scene.send({ orderId: "1" }, { path });
  assert.equal([end1.status, end1.processed], [200, "done"]);
  const failed = await scene.send({ orderId: "bad" }, { path });
  assert.equal([failed.status, failed.processed], [200, "failed"]);
  const waiting = await scene.send({ orderId: "slow" }, { path });
  assert.equal([waiting.status, waiting.processed], [202, "waiting"]);
  end();
});

test("the answer does not wait for the time limit of a process that ended", async () => {
  const Orders = processManager("Orders", collectionStore<ProcessState>("Orders"), {
    publishes: [OrderCancelled],
    starts: { event: OrderAccepted, by: ({ orderId }) => orderId, run: () => {} },
    on: [{ event: OrderCancelled, by: ({ orderId }) => orderId, run: ({ complete }) => complete() }],
    after: { "1h": () => {} },
  });
  const Cancel = actor("OrderAccepted-Cancel", OrderAccepted, { publishes: [OrderCancelled] }, async ({ body }) => [
    OrderCancelled.create(body, { delay: "50ms" }),
  ]);
  await using scene = await edgeScene({ handlers: { orders: OrderAccepted } }, { actors: [Orders, Cancel] });
  const reply = await scene.send({ orderId: "1" }, { path: "/ingest/orders?ack=processed" });
  assert.equal([reply.status, reply.processed], [200, "done"]);
});

test("without a journal nothing is published that should be waited for", async () => {
  const { Collect, events } = collecting(OrderAccepted);
  await using scene = await edgeScene({ handlers: { orders: OrderAccepted } }, { actors: Collect, journal: false });
  const reply = await scene.send({ orderId: "1" }, { path: "/ingest/orders?ack=processed" });
  assert.is(reply.status, 400);
  assert.match(reply.error ?? "", "journal");
  await scene.hive.whenIdle();
  assert.equal(events, []);
  const options = { handlers: {}, authorize: () => ({ name: "ada" }), ack: "processed" } as const;
  assert.match((await failureOf(() => ingestion(scene.hive, options))).message, "journal: true");
});

test("a wait that fails after the push tells nobody to send again", async () => {
  await using scene = await edgeScene({ handlers: { orders: OrderAccepted } });
  Object.assign(scene.hive, { settled: () => Promise.reject(new Error("the store is down")) });
  const reply = await scene.send({ orderId: "1" }, { path: "/ingest/orders?ack=processed" });
  assert.equal([reply.status, reply.processed], [202, "waiting"]);
});

test("with no acknowledgement the answer comes before the publication", async () => {
  const { Collect, events } = collecting(OrderAccepted);
  await using scene = await edgeScene(
    { handlers: { orders: { ...accepting(OrderAccepted), ack: "none" } } },
    { actors: Collect },
  );
  const reply = await scene.send({ orderId: "1" }, { path: "/ingest/orders" });
  assert.equal([reply.status, reply.handlers["orders"]?.status], [202, 202]);
  assert.is((await scene.send({ orderId: "1" }, { path: "/ingest/orders?ack=accepted" })).status, 200);
  assert.is((await scene.send({ orderId: "1" }, { path: "/ingest/orders?ack=soon" })).status, 400);
  await scene.hive.whenIdle();
  assert.is(events[0]?.id, eventsOf(reply, "orders")[0]);
});

test("a schema of a handler checks each item, and gives it the values", async () => {
  const seen: unknown[] = [];
  const schema = v.object({ n: v.pipe(v.string(), v.transform(Number)) });
  await using scene = await edgeScene({
    handlers: { counts: { schema, ingest: ({ items }) => void seen.push(...items.map(({ value }) => value)) } },
  });
  const path = "/ingest/counts";
  assert.is((await scene.send([{ n: "1" }, { n: "2" }], { path })).status, 200);
  assert.equal(seen, [{ n: 1 }, { n: 2 }]);
  const reply = await scene.send([{ n: "1" }, { n: 2 }], { path });
  assert.equal(
    reply.handlers["counts"]?.problems?.map((one) => one.path),
    ["1.n"],
  );
});

test("Avro comes in by a codec, at the path of its type and as a CloudEvent", async () => {
  const { Collect, events } = collecting(OrderAccepted);
  const schema = { type: "record", name: "Order", fields: [{ name: "orderId", type: "string" }] };
  const version = {
    id: "7",
    subject: "OrderAccepted",
    version: 1,
    format: "avro",
    schema: JSON.stringify(schema),
  } as const;
  const registry = {
    framed: false,
    find: async (id: string) => (id === "7" ? version : undefined),
    versions: async () => [version],
    add: async () => version,
  } as unknown as SchemaRegistry;
  const codec = schemaCodec({ registry, formats: [avro()] });
  await using scene = await edgeScene({ handlers: { orders: OrderAccepted }, codec }, { actors: Collect });
  const record = new Uint8Array([4, 0x61, 0x31]);
  const headers = { "content-type": 'application/avro; schema="7"' };
  const named = await scene.send(record, { path: "/ingest/orders", headers });
  assert.is(named.status, 200, JSON.stringify(named));
  const ce = { "ce-specversion": "1.0", "ce-id": "9", "ce-source": "/a", "ce-type": "OrderAccepted" };
  assert.is((await scene.send(record, { headers: { ...headers, ...ce } })).status, 200);
  const broken = await scene.send(new Uint8Array([200]), { path: "/ingest/orders", headers });
  assert.is(broken.status, 422);
  const unknown = { "content-type": 'application/avro; schema="8"' };
  assert.is((await scene.send(record, { path: "/ingest/orders", headers: unknown })).status, 422);
  await scene.hive.whenIdle();
  assert.equal(
    events.map((event) => event.getBody()),
    [{ orderId: "a1" }, { orderId: "a1" }],
  );
});

test("a sender does not choose how readers decode a body", async () => {
  await using scene = await edgeScene({ handlers: { readings: ReadingTaken } });
  const ce = { "ce-specversion": "1.0", "ce-id": "9", "ce-source": "/a", "ce-type": "ReadingTaken" };
  for (const type of ["application/jose", "application/json+gzip"]) {
    const reply = await scene.send("eyJ", { headers: { ...ce, "content-type": type } });
    assert.is(reply.status, 422, type);
  }
});

test("handlers are registered and removed while it runs", async () => {
  await using scene = await edgeScene({ handlers: {} });
  const status = async () => (await scene.send({ orderId: "1" }, { path: "/ingest/orders" })).status;
  assert.is(await status(), 404);
  scene.edge.register("orders", OrderAccepted);
  assert.is(await status(), 200);
  assert.ok(scene.edge.remove("orders"));
  assert.not.ok(scene.edge.remove("orders"));
  assert.is(await status(), 404);
});

test("wrong options are told together", async () => {
  await using hive = await createHive({ logger: silentLogger });
  const { message } = await failureOf(async () =>
    ingestion(hive, {
      handlers: { "a b": OrderAccepted, ingest: OrderAccepted, none: {} },
      ack: "soon",
      maxBody: 0,
      origins: ["shop"],
      restart: { factor: 0 },
      wrong: true,
    } as never),
  );
  for (const part of [
    "authorize",
    '"a b"',
    '"ingest"',
    "none must be",
    "ack must be",
    "maxBody",
    "origins",
    "restart",
    '"wrong"',
  ])
    assert.match(message, part);
});

test.run();
