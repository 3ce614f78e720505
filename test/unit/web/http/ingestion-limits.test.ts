/** Strangers, rates, sizes and origins: the requests that an edge refuses. */
import { gzipSync } from "node:zlib";
import { actor } from "beehive-actors";
import { bearer, ingestion, type IngestRequest } from "beehive-actors/http";
import * as assert from "uvu/assert";
import { collecting, OrderAccepted, ReadingTaken } from "../../../support/edge-events.ts";
import { edgeScene, send } from "../../../support/edge.ts";
import { failureOf } from "../../../support/failure.ts";
import { suite } from "../../../support/suite.ts";

const test = suite("the limits of ingestion over HTTP");

test("a stranger gets 401, and a response of authorize is passed on", async () => {
  await using scene = await edgeScene({
    handlers: { orders: OrderAccepted },
    authorize: bearer({ shop: "a-token-of-the-shop", other: "another-long-token" }),
  });
  const status = async (authorization: string) =>
    (await scene.send({ orderId: "1" }, { path: "/ingest/orders", headers: { authorization } })).status;
  assert.is(await status(""), 401);
  assert.is(await status("Bearer wrong"), 401);
  assert.is(await status("Basic a"), 401);
  assert.is((await scene.send("", { path: "/handlers", method: "GET" })).status, 401);
  for (const shop of [undefined, "", "short", "a token of the shop"])
    assert.match((await failureOf(() => bearer({ shop }))).message, "the token of shop");
  const hive = scene.hive;
  const seen: string[] = [];
  const handler = ({ client }: IngestRequest) => void seen.push(client);
  const known = ingestion(hive, { handlers: { a: handler }, authorize: bearer({ shop: "a-token-of-the-shop" }) });
  const reply = await send(known, {}, { path: "/ingest/a", headers: { authorization: "Bearer a-token-of-the-shop" } });
  assert.is(reply.status, 200);
  assert.equal(seen, ["shop"]);
  const own = ingestion(hive, {
    handlers: {},
    authorize: () => Response.json({ please: "log in" }, { status: 418 }),
  });
  assert.is((await send(own, {})).status, 418);
});

test("a client over its rate gets 429 with the time to wait", async () => {
  const names = ["a", "a", "a", "b"];
  await using scene = await edgeScene({
    handlers: { orders: OrderAccepted },
    rate: { limit: 2, per: "10s" },
    authorize: () => ({ name: names.shift() ?? "a" }),
  });
  const replies = [];
  for (let n = 0; n < 4; n++) replies.push(await scene.send({ orderId: "1" }, { path: "/ingest/orders" }));
  assert.equal(
    replies.map(({ status }) => status),
    [200, 200, 429, 200],
  );
  assert.is(replies[2]?.headers.get("retry-after"), "5");
});

test("more requests than may be under way get 503", async () => {
  let end = (): void => {};
  const held = new Promise<void>((resolve) => void (end = resolve));
  await using scene = await edgeScene({ handlers: { slow: () => held }, maxConcurrent: 1 });
  const first = scene.send({}, { path: "/ingest/slow" });
  const second = await scene.send({}, { path: "/ingest/slow" });
  assert.is(second.status, 503);
  assert.is(second.headers.get("retry-after"), "1");
  end();
  assert.is((await first).status, 200);
});

test("a full queue is 503 with the time to wait, and comes in later", async () => {
  const { Collect, events } = collecting(OrderAccepted);
  let end = (): void => {};
  const held = new Promise<void>((resolve) => void (end = resolve));
  const Slow = actor("OrderAccepted-Slow", OrderAccepted, { parallelism: 1 }, () => held);
  await using scene = await edgeScene(
    { handlers: { orders: OrderAccepted } },
    { actors: [Collect, Slow], limits: [{ queue: "OrderAccepted-Slow", above: 5 }] },
  );
  const path = "/ingest/orders";
  const many = Array.from({ length: 10 }, () => ({ orderId: "1" }));
  let reply = await scene.send(many, { path });
  const accepted = reply.status;
  for (let n = 0; n < 50 && reply.status === 200; n++) reply = await scene.send(many, { path });
  assert.equal([accepted, reply.status], [200, 503]);
  assert.match(reply.error ?? "", "Overloaded");
  assert.ok(Number(reply.headers.get("retry-after")) >= 1);
  end();
  await scene.hive.whenIdle();
  assert.ok(events.length >= 10);
});

test("a body over the limit is 413, also one that unfolds", async () => {
  await using scene = await edgeScene({ handlers: { readings: ReadingTaken }, maxBody: 1_000, maxItems: 3 });
  const path = "/ingest/readings";
  assert.is((await scene.send({ device: "x".repeat(2_000) }, { path })).status, 413);
  const gzip = { "content-encoding": "gzip" };
  const bomb = gzipSync(JSON.stringify({ device: "x".repeat(50_000) }));
  assert.ok(bomb.length < 1_000);
  const refused = await scene.send(bomb, { path, headers: gzip });
  assert.is(refused.status, 413);
  assert.is(refused.headers.get("connection"), "close");
  assert.is((await scene.send(gzipSync('{"device":"1"}'), { path, headers: gzip })).status, 200);
  assert.is((await scene.send("no gzip", { path, headers: gzip })).status, 400);
  assert.is((await scene.send("{}", { path, headers: { "content-encoding": "zstd" } })).status, 415);
  assert.is((await scene.send([1, 2, 3, 4], { path })).status, 413);
});

test("pages of other origins are refused, those of a chosen one may send", async () => {
  await using scene = await edgeScene({ handlers: { readings: ReadingTaken }, origins: ["https://shop.example"] });
  const path = "/ingest/readings";
  const status = async (headers: Record<string, string>) =>
    (await scene.send({ device: "1" }, { path, headers })).status;
  assert.is(await status({}), 200);
  assert.is(await status({ origin: "http://localhost:8080" }), 200);
  assert.is(await status({ origin: "https://evil.example" }), 403);
  assert.is(await status({ origin: "null" }), 403);
  assert.is(await status({ "sec-fetch-site": "cross-site" }), 403);
  const shop = { origin: "https://shop.example", "sec-fetch-site": "cross-site" };
  const reply = await scene.send({ device: "1" }, { path, headers: shop });
  assert.is(reply.status, 200);
  assert.is(reply.headers.get("access-control-allow-origin"), "https://shop.example");
  const asked = await scene.edge.fetch(
    new Request(`http://localhost:8080${path}`, { method: "OPTIONS", headers: shop }),
  );
  assert.is(asked.status, 204);
  assert.is(asked.headers.get("access-control-allow-origin"), "https://shop.example");
});

test("other methods are 405, with those that are allowed", async () => {
  await using scene = await edgeScene({ handlers: { orders: OrderAccepted } });
  const get = await scene.send("", { method: "GET" });
  assert.is(get.status, 405);
  assert.is(get.headers.get("allow"), "POST");
  assert.is((await scene.send("", { path: "/handlers" })).status, 405);
});

test.run();
