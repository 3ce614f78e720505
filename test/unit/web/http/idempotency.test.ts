import { actor, createHive, eventType, openProvider, silentLogger, type Event } from "beehive-actors";
import { ingestion, type IngestRequest } from "beehive-actors/http";
import * as assert from "uvu/assert";
import { ManualClock } from "beehive-actors/testing";
import { edgeScene, send } from "../../../support/edge.ts";
import { suite } from "../../../support/suite.ts";

const test = suite("idempotency keys");

const OrderAccepted = eventType<{ orderId: string }>("OrderAccepted");
const key = (name: string) => ({ path: "/ingest/orders", headers: { "idempotency-key": name } });

function collecting() {
  const events: Event[] = [];
  return {
    events,
    Collect: actor("OrderAccepted-Collect", OrderAccepted, {}, async ({ event }) => void events.push(event)),
  };
}

test("a repeated request gets the first answer, and publishes nothing", async () => {
  const { Collect, events } = collecting();
  let calls = 0;
  const orders = () => (calls++, OrderAccepted.create({ orderId: "1" }));
  await using scene = await edgeScene({ handlers: { orders } }, { actors: Collect });
  const { headers: _first, ...first } = await scene.send({ orderId: "1" }, key("k1"));
  const { headers: _again, ...again } = await scene.send({ orderId: "1" }, key("k1"));
  assert.equal(again, first);
  assert.is(calls, 1);
  const { headers: _other, ...other } = await scene.send({ orderId: "1" }, key("k2"));
  assert.not.equal(other, first);
  await scene.hive.whenIdle();
  assert.is(events.length, 2);
});

test("requests under one key at the same time are one", async () => {
  const { Collect, events } = collecting();
  await using scene = await edgeScene({ handlers: { orders: OrderAccepted } }, { actors: Collect });
  const replies = await Promise.all(Array.from({ length: 8 }, () => scene.send({ orderId: "1" }, key("k1"))));
  assert.is(new Set(replies.map(({ requestId }) => requestId)).size, 1);
  await scene.hive.whenIdle();
  assert.is(events.length, 1);
});

test("another body under the same key is 422", async () => {
  const { Collect } = collecting();
  await using own = await edgeScene({ handlers: { orders: OrderAccepted } }, { actors: Collect });
  assert.is((await own.send({ orderId: "1" }, key("k1"))).status, 200);
  assert.is((await own.send({ orderId: "2" }, key("k1"))).status, 422);
});

test("a key belongs to its client and its handler", async () => {
  const names = ["ada", "bob"];
  const seen: string[] = [];
  const take = ({ client }: IngestRequest) => void seen.push(client);
  await using scene = await edgeScene({
    handlers: { orders: take, other: take },
    authorize: () => ({ name: names.shift() ?? "ada" }),
  });
  await scene.send({ orderId: "1" }, key("k1"));
  await scene.send({ orderId: "2" }, key("k1"));
  await scene.send({ orderId: "3" }, { ...key("k1"), path: "/ingest/other" });
  assert.equal(seen, ["ada", "bob", "ada"]);
});

test("a request that failed leaves the key to the next", async () => {
  let fails = true;
  const orders = { validate: () => (fails ? "not today" : true), ingest: () => [] };
  await using scene = await edgeScene({ handlers: { orders } });
  assert.is((await scene.send({}, key("k1"))).status, 422);
  fails = false;
  assert.is((await scene.send({}, key("k1"))).status, 200);
});

test("after a partial success the same key publishes the rest", async () => {
  const { Collect, events } = collecting();
  const clock = new ManualClock();
  let fails = true;
  const join = () => true;
  const orders = { join, ingest: () => OrderAccepted.create({ orderId: "a" }) };
  const rest = {
    join,
    ingest: () => {
      if (fails) throw new Error("down");
      return OrderAccepted.create({ orderId: "b" });
    },
  };
  await using scene = await edgeScene({ handlers: { orders, rest } }, { actors: Collect, clock });
  const sent = { headers: { "idempotency-key": "k1" } };
  assert.is((await scene.send({}, sent)).status, 207);
  fails = false;
  await clock.advance(10_000);
  assert.is((await scene.send({}, sent)).status, 200);
  assert.is((await scene.send({}, sent)).status, 200);
  await clock.advance(10_000);
  assert.equal(events.map((event) => event.getBody<{ orderId: string }>().orderId).toSorted(), ["a", "b"]);
});

test("after a partial success another body under the key is not lost", async () => {
  const { Collect, events } = collecting();
  const join = () => true;
  const orders = { join, ingest: ({ items }: IngestRequest) => OrderAccepted.create(items[0]?.value as never) };
  const broken = {
    join,
    ingest: () => {
      throw new Error("down");
    },
  };
  await using scene = await edgeScene({ handlers: { orders, broken } }, { actors: Collect });
  const sent = { headers: { "idempotency-key": "k1" } };
  for (const orderId of ["a", "b"]) assert.is((await scene.send({ orderId }, sent)).status, 207);
  await scene.hive.whenIdle();
  assert.equal(events.map((event) => event.getBody<{ orderId: string }>().orderId).toSorted(), ["a", "b"]);
});

test("a key that is too long or not printable is 400", async () => {
  await using scene = await edgeScene({ handlers: { orders: () => [] } });
  for (const name of ["x".repeat(256), "a b", "é"]) assert.is((await scene.send({}, key(name))).status, 400);
});

test("another process answers the same, and waits its turn", async () => {
  const { Collect, events } = collecting();
  const provider = await openProvider("memory:");
  await using hive = await createHive({ actors: Collect, provider, logger: silentLogger });
  await hive.start();
  let end = (): void => {};
  const held = new Promise<void>((resolve) => void (end = resolve));
  let begin = (): void => {};
  const begun = new Promise<void>((resolve) => void (begin = resolve));
  const options = { authorize: () => ({ name: "ada" }), logger: silentLogger };
  const slow = ingestion(hive, {
    ...options,
    handlers: {
      orders: () => {
        begin();
        return held.then(() => OrderAccepted.create({ orderId: "1" }));
      },
    },
  });
  const other = ingestion(hive, { ...options, handlers: { orders: OrderAccepted } });
  const first = send(slow, { orderId: "1" }, key("k1"));
  await begun;
  const busy = await send(other, { orderId: "1" }, key("k1"));
  assert.is(busy.status, 409);
  assert.is(busy.headers.get("retry-after"), "1");
  end();
  const { requestId } = await first;
  assert.is((await send(other, { orderId: "1" }, key("k1"))).requestId, requestId);
  await hive.whenIdle();
  assert.is(events.length, 1);
  await provider.close();
});

test("a key of a process that died is taken over, its events are no doubles", async () => {
  const { Collect, events } = collecting();
  const clock = new ManualClock();
  await using hive = await createHive({ actors: Collect, clock, logger: silentLogger });
  await hive.setup();
  let pushes = 0;
  const push = hive.push.bind(hive);
  const dying = Object.assign(Object.create(hive) as typeof hive, {
    clock,
    store: hive.store.bind(hive),
    make: hive.make.bind(hive),
    // Publishes, and never comes back.
    push: async (published: Event[]) => (pushes++, await push(published), await new Promise<never>(() => {})),
  });
  const options = { handlers: { orders: OrderAccepted }, authorize: () => ({ name: "ada" }), logger: silentLogger };
  void send(ingestion(dying, options), { orderId: "1" }, key("k1"));
  while (pushes === 0) await new Promise((resolve) => setImmediate(resolve));
  const next = ingestion(hive, options);
  assert.is((await send(next, { orderId: "1" }, key("k1"))).status, 409);
  await clock.advance(61_000);
  const reply = await send(next, { orderId: "1" }, key("k1"));
  assert.is(reply.status, 200);
  const counts = await hive.queue("OrderAccepted-Collect").counts();
  assert.is(counts.ready, 1);
  assert.equal(events, []);
});

test("an answer is forgotten after its time", async () => {
  const clock = new ManualClock();
  let calls = 0;
  await using scene = await edgeScene({ handlers: { orders: () => void calls++ }, idempotency: "1h" }, { clock });
  await scene.send({}, key("k1"));
  await clock.advance(3_500_000);
  await scene.send({}, key("k1"));
  assert.is(calls, 1);
  await clock.advance(3_600_000);
  await scene.send({}, key("k1"));
  assert.is(calls, 2);
});

test.run();
