import { once } from "node:events";
import { actor, createHive, eventType, silentLogger, type Event } from "beehive-actors";
import { bearer, ingestion, serve, type IngestAnswer, type IngestSource, type Served } from "beehive-actors/http";
import * as assert from "uvu/assert";
import * as v from "valibot";
import { WebSocket } from "ws";
import { suite } from "../../../support/suite.ts";

const test = suite("ingestion over WebSockets", { timeoutMs: 30_000 });

const OrderAccepted = eventType("OrderAccepted", v.object({ orderId: v.string() }));

interface Scene extends AsyncDisposable {
  readonly served: Served;
  readonly events: readonly Event[];
  open(path?: string, headers?: Record<string, string>): WebSocket;
}

async function opened(handlers: Record<string, IngestSource> = { orders: OrderAccepted }): Promise<Scene> {
  const events: Event[] = [];
  const Collect = actor("OrderAccepted-Collect", OrderAccepted, {}, async ({ event }) => void events.push(event));
  const hive = await createHive({ actors: Collect, logger: silentLogger });
  await hive.start();
  const edge = ingestion(hive, {
    handlers,
    authorize: bearer({ shop: "a-token-of-the-shop" }),
    maxBody: 100_000,
    logger: silentLogger,
  });
  const served = await serve({ hive, port: 0, apps: { "/": edge } });
  return {
    served,
    events,
    open: (path = "/ingest/orders", headers = {}) =>
      new WebSocket(`ws://localhost:${served.port}${path}`, {
        headers: { authorization: "Bearer a-token-of-the-shop", ...headers },
      }),
    async [Symbol.asyncDispose]() {
      await served.close({ deadline: "1s" });
      await hive.stop();
    },
  };
}

type Reply = IngestAnswer & { readonly id: number };

/** Sends messages, and returns their answers by id. */
async function send(socket: WebSocket, messages: readonly object[]): Promise<ReadonlyMap<number, Reply>> {
  const replies = new Map<number, Reply>();
  if (socket.readyState !== WebSocket.OPEN) await once(socket, "open");
  const all = new Promise<void>((resolve) => {
    socket.on("message", (data) => {
      const reply = JSON.parse(Buffer.isBuffer(data) ? data.toString() : "") as Reply;
      replies.set(reply.id, reply);
      if (replies.size === messages.length) resolve();
    });
  });
  for (const message of messages) socket.send(JSON.stringify(message));
  await all;
  return replies;
}

test("each message is answered with its id, as a request is", async () => {
  await using scene = await opened();
  const socket = scene.open();
  const replies = await send(socket, [
    { id: 1, body: { orderId: "1" } },
    { id: 2, body: [{ orderId: "2" }, { orderId: 3 }] },
    { id: 3, body: { orderId: "3" }, key: "k" },
  ]);
  assert.equal(
    [1, 2, 3].map((id) => replies.get(id)?.status),
    [200, 422, 200],
  );
  assert.equal(
    replies.get(2)?.handlers["orders"]?.problems?.map(({ path }) => path),
    ["1.orderId"],
  );
  const again = await send(scene.open(), [{ id: 4, body: { orderId: "3" }, key: "k" }]);
  assert.is(again.get(4)?.requestId, replies.get(3)?.requestId);
});

test("strangers, foreign pages and other paths open no stream", async () => {
  await using scene = await opened();
  const refused = async (socket: WebSocket): Promise<string> => String((await once(socket, "error"))[0]);
  assert.match(await refused(scene.open("/ingest/orders", { authorization: "" })), "401");
  assert.match(await refused(scene.open("/ingest/orders", { origin: "https://evil.example" })), "403");
  assert.match(await refused(scene.open("/elsewhere")), "404");
});

test("a client with enough under way is not read", async () => {
  let [now, most] = [0, 0];
  let end = (): void => {};
  const held = new Promise<void>((resolve) => void (end = resolve));
  const slow = async (): Promise<void> => {
    most = Math.max(most, ++now);
    await held;
    now--;
  };
  await using scene = await opened({ slow });
  // More than a chunk of TCP and its buffers, so that the client is held back, too.
  const messages = Array.from({ length: 300 }, (_, id) => ({ id, body: { text: "x".repeat(50_000) } }));
  const socket = scene.open("/ingest/slow");
  const replies = send(socket, messages);
  while (now < 16) await new Promise((resolve) => setTimeout(resolve, 5));
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.is(most, 16);
  assert.ok(socket.bufferedAmount > 0, "the client could send all");
  end();
  assert.is((await replies).size, messages.length);
});

test("a message that is none, or too large, ends the stream", async () => {
  await using scene = await opened();
  for (const [text, code] of [
    ["no JSON", 1008],
    ['{"body":1}', 1008],
    ['{"id":1,"body":{},"key":"a\\nb"}', 1008],
    [JSON.stringify({ id: 1, body: "x".repeat(200_000) }), 1009],
  ] as const) {
    const socket = scene.open();
    await once(socket, "open");
    socket.send(text);
    assert.is((await once(socket, "close"))[0], code, text.slice(0, 40));
  }
});

test("the close of the server answers what was read, then ends the stream", async () => {
  let began = (): void => {};
  const beginning = new Promise<void>((resolve) => void (began = resolve));
  let end = (): void => {};
  const held = new Promise<void>((resolve) => void (end = resolve));
  const scene = await opened({ slow: () => (began(), held) });
  const socket = scene.open("/ingest/slow");
  const replies = send(socket, [{ id: 1, body: {} }]);
  await beginning;
  const closed = scene.served.close();
  const over = once(socket, "close");
  end();
  assert.is((await replies).get(1)?.status, 200);
  assert.is((await over)[0], 1001);
  await closed;
  await scene[Symbol.asyncDispose]();
});

test.run();
