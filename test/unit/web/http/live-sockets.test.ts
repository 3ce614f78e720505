import { once } from "node:events";
import { bodyOf, createHive, eventType, silentLogger, type Hive } from "beehive-actors";
import { live, type Live, type LiveShape } from "beehive-actors/http";
import * as assert from "uvu/assert";
import { WebSocket } from "ws";
import { liveServer, type LiveServer } from "../../../support/live-server.ts";
import { suite } from "../../../support/suite.ts";

const Filled = eventType("Filled", bodyOf<string>());
const all = JSON.stringify({ subscribe: 1, to: "Filled" });

const test = suite("live changes over sockets", { timeoutMs: 30_000 });
let hive: Hive;
let push: Live<LiveShape>;
let server: LiveServer;

async function serve(options: object = {}): Promise<void> {
  push = live(hive, {
    topics: [Filled],
    user: ({ headers }) => headers.get("cookie") ?? undefined,
    may: () => true,
    logger: silentLogger,
    ...options,
  });
  server = await liveServer(push);
}

test.before.each(async () => {
  hive = await createHive({ publishes: [Filled], keep: { Filled: "1h" }, logger: silentLogger });
  await hive.setup();
});
test.after.each(async () => {
  await push.close();
  await server.kill();
  await hive.stop();
});

function socketTo({ url }: LiveServer, headers: Record<string, string> = { cookie: "ada" }): WebSocket {
  return new WebSocket(url.replace("http", "ws"), { headers });
}

/** Returns the status by which the server refuses a socket. */
async function refusalOf(socket: WebSocket): Promise<number | undefined> {
  const [, response] = (await once(socket, "unexpected-response")) as [unknown, { readonly statusCode?: number }];
  socket.on("error", () => {});
  socket.terminate();
  return response.statusCode;
}

async function codeOf(socket: WebSocket): Promise<number> {
  const [code] = (await once(socket, "close")) as [number];
  return code;
}

test("a stranger, and a page of another site, open no socket", async () => {
  await serve({ maxConnections: 1 });
  assert.is(await refusalOf(socketTo(server, {})), 401);
  assert.is(await refusalOf(socketTo(server, { cookie: "ada", origin: "https://evil.example" })), 403);
  const own = socketTo(server, { cookie: "ada", origin: new URL(server.url).origin });
  await once(own, "open");
  assert.is(await refusalOf(socketTo(server)), 503);
  own.close();
  await codeOf(own);
});

test("a function that fails lets no socket in, and the server goes on", async () => {
  await serve({
    user: () => {
      throw new Error("the sessions are down");
    },
  });
  assert.is(await refusalOf(socketTo(server)), 500);
});

test("a message that is too long, or none of the protocol, ends a socket", async () => {
  await serve({ maxMessage: 100 });
  for (const [text, code] of [
    ["x".repeat(101), 1009],
    ["{", 1008],
    ["[]", 1008],
    ["null", 1008],
  ] as const) {
    const socket = socketTo(server);
    await once(socket, "open");
    socket.send(text);
    assert.is(await codeOf(socket), code, text);
  }
});

test("a flood of messages ends a socket", async () => {
  await serve({ maxSubscriptions: 2 });
  const socket = socketTo(server);
  await once(socket, "open");
  for (let n = 0; n < 21; n++) socket.send('{"unsubscribe":1}');
  assert.is(await codeOf(socket), 1008);
});

test("a browser that takes nothing is cut off, and others are not", async () => {
  await serve({ maxBuffered: 100_000 });
  const subscribed = async (): Promise<WebSocket> => {
    const socket = socketTo(server);
    await once(socket, "open");
    socket.send(all);
    await once(socket, "message");
    return socket;
  };
  const [slow, quick] = [await subscribed(), await subscribed()];
  let received = 0;
  quick.on("message", (data: Buffer) => (received += data.toString("utf8").split('"on"').length - 1));
  slow.pause();
  let sent = 0;
  while (push.connections === 2 && sent < 1_000) {
    await hive.push(Filled.create("x".repeat(50_000), { partitionKey: `${sent++}` }));
    while (received < sent) await once(quick, "message");
  }
  assert.is(push.connections, 1);
  assert.ok(sent < 1_000, `cut off after ${sent} changes`);
  quick.close();
  slow.terminate();
});

test("a socket that gives no sign of life is closed", async () => {
  await serve({ heartbeat: 50 });
  const socket = new WebSocket(server.url.replace("http", "ws"), { headers: { cookie: "ada" }, autoPong: false });
  await once(socket, "open");
  assert.is(await codeOf(socket), 1013);
});

test("a close of the server tells sockets to come back", async () => {
  await serve();
  const socket = socketTo(server);
  await once(socket, "open");
  const code = codeOf(socket);
  await push.close();
  assert.is(await code, 1012);
  assert.is(await refusalOf(socketTo(server)), 503);
});

test.run();
