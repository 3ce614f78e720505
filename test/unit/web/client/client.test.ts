import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import {
  bodyOf,
  createHive,
  eventType,
  openProvider,
  silentLogger,
  type Event,
  type Hive,
  type Provider,
} from "beehive-actors";
import { connect, ingest, type LiveClient, type LiveState } from "beehive-actors/client";
import { ingestion, live, serve, type Live, type LiveShape } from "beehive-actors/http";
import * as assert from "uvu/assert";
import { WebSocket } from "ws";
import { liveServer, type LiveServer } from "../../../support/live-server.ts";
import { suite } from "../../../support/suite.ts";

const Counted = eventType("Counted", bodyOf<{ n: number }>());
const counted = (n: number) => Counted.create({ n }, { partitionKey: "one" });

for (const transport of ["socket", "events"] as const) {
  const test = suite(`the client over ${transport}`, { timeoutMs: 30_000 });
  let provider: Provider;
  let hive: Hive;
  let push: Live<LiveShape>;
  let server: LiveServer;
  let client: LiveClient;
  let states: LiveState[];

  const serveLive = (): Live<LiveShape> =>
    live(hive, { topics: [Counted], user: () => "ada", may: () => true, logger: silentLogger, heartbeat: "1s" });

  test.before(() => {
    // Node 20 has no WebSocket; a browser has.
    if (transport === "socket") Object.assign(globalThis, { WebSocket });
  });
  test.after(() => {
    if (transport === "socket") Object.assign(globalThis, { WebSocket: undefined });
  });
  test.before.each(async () => {
    provider = await openProvider("memory:");
    hive = await createHive({ provider, publishes: [Counted], keep: { Counted: "1h" }, logger: silentLogger });
    await hive.setup();
    push = serveLive();
    server = await liveServer(push);
    states = [];
    client = connect(server.url, {
      ...(transport === "events" && { transport }),
      onState: (state) => states.push(state),
    });
  });
  test.after.each(async () => {
    client.close();
    await push.close();
    await server.kill();
    await hive.stop();
    await provider.close();
  });

  /** Collects changes, and resolves when there are as many. */
  const collected = (count: number) => {
    const found: number[] = [];
    let done = (): void => {};
    const all = new Promise<number[]>((resolve) => {
      done = () => resolve(found);
    });
    const change = ({ body }: { body: unknown }): void => {
      found.push((body as { n: number }).n);
      if (found.length === count) done();
    };
    return { found, change, all };
  };

  test("a page loads its state, then gets each change", async () => {
    const { change, all } = collected(2);
    let loads = 0;
    await new Promise<void>((resolve) => {
      client.subscribe("Counted", {}, { change, load: () => (loads++, resolve()) });
    });
    await hive.push(counted(1));
    await hive.push(counted(2));
    assert.equal(await all, [1, 2]);
    assert.is(loads, 1);
    assert.equal(states, ["connecting", "open"]);
    client.close();
    assert.is(client.state, "closed");
  });

  test("changes that come while the state loads follow it", async () => {
    const order: string[] = [];
    const last = new Promise<void>((resolve) => {
      client.subscribe(
        "Counted",
        {},
        {
          load: async () => {
            await hive.push(counted(1));
            await hive.push(counted(2));
            // A later connection would have them: so they were received before the end of this.
            await new Promise<void>((received) => client.subscribe("Counted", {}, { load: received, change() {} }));
            order.push("loaded");
          },
          change: ({ body }) => {
            order.push(String((body as { n: number }).n));
            if (order.length === 3) resolve();
          },
        },
      );
    });
    await last;
    assert.equal(order, ["loaded", "1", "2"]);
  });

  test("nothing is missed or doubled when the server is killed and restarted", async () => {
    const { change, all, found } = collected(30);
    let loads = 0;
    await new Promise<void>((resolve) => {
      client.subscribe("Counted", { key: "one" }, { change, load: () => (loads++, resolve()) });
    });
    for (let n = 1; n <= 10; n++) await hive.push(counted(n));
    await server.kill();
    await push.close();
    for (let n = 11; n <= 20; n++) await hive.push(counted(n));
    push = serveLive();
    server = await liveServer(push, { port: server.port });
    for (let n = 21; n <= 30; n++) await hive.push(counted(n));
    await all;
    assert.equal(
      found,
      Array.from({ length: 30 }, (_, at) => at + 1),
    );
    assert.is(loads, 1);
  });

  test("a subscription ends alone, and one that cannot be is refused", async () => {
    const { change, all } = collected(1);
    const error = await new Promise<unknown>((resolve) => {
      client.subscribe("Nothing", {}, { change() {}, error: resolve });
    });
    assert.match(String(error), /no topic or query "Nothing"/);
    const end = client.subscribe("Counted", {}, { change: () => assert.unreachable() });
    end();
    await new Promise<void>((resolve) => client.subscribe("Counted", {}, { change, load: resolve }));
    await hive.push(counted(7));
    assert.equal(await all, [7]);
  });

  test("a state that fails to load is loaded again", async () => {
    const errors: unknown[] = [];
    let tries = 0;
    await new Promise<void>((resolve) => {
      client.subscribe(
        "Counted",
        {},
        {
          change() {},
          error: (error) => errors.push(error),
          load: () => {
            if (++tries === 1) throw new Error("no network");
            resolve();
          },
        },
      );
    });
    assert.is(errors.length, 1);
  });

  test.run();
}

const test = suite("the client without sockets", { timeoutMs: 30_000 });

test("a page takes events where no socket can be opened", async () => {
  Object.assign(globalThis, { WebSocket });
  await using hive = await createHive({ publishes: [Counted], keep: { Counted: "1h" }, logger: silentLogger });
  await hive.setup();
  const push = live(hive, { topics: [Counted], user: () => "ada", may: () => true, logger: silentLogger });
  const server = await liveServer(push, { sockets: false });
  const client = connect<typeof push>(server.url);
  await new Promise<void>((load) => client.subscribe("Counted", {}, { load, change() {} }));
  assert.is(push.connections, 1);
  client.close();
  await push.close();
  await server.kill();
  Object.assign(globalThis, { WebSocket: undefined });
});

test("an event goes in through the ingestion, once, with its key and version", async () => {
  const Moved = eventType("Moved", bodyOf<{ to: string }>(), { version: 2, upcasters: { 1: (body) => body } });
  await using hive = await createHive({ publishes: [Moved], keep: { Moved: "1h" }, logger: silentLogger });
  await hive.setup();
  const edge = ingestion(hive, {
    handlers: { moves: Moved },
    authorize: () => ({ name: "ada" }),
    logger: silentLogger,
  });
  await using server = await serve({ hive, port: 0, apps: { "/": edge } });
  const url = `http://127.0.0.1:${server.port}/ingest`;
  // The last cannot be a header.
  for (const id of ["m1", "m1", "m 日"])
    await ingest<typeof Moved>(url, "Moved", { to: "b4" }, { id, key: "rook", version: 2 });
  const found: Event[] = [];
  for await (const { event } of hive.log("Moved").read()) found.push(event);
  assert.equal(
    found.map((event) => [event.id, event.partitionKey, event.properties["schemaVersion"], Moved.read(event)]),
    ["m1", "m 日"].map((id) => [id, "rook", 2, { to: "b4" }]),
  );
});

test("an event is sent again under its id while the server is busy", async () => {
  const ids: unknown[] = [];
  const server = createServer((incoming, outgoing) => {
    ids.push(incoming.headers["idempotency-key"]);
    // 207: one of its handlers failed.
    outgoing.writeHead([503, 207, 202][ids.length - 1] ?? 202).end("{}");
  }).listen(0);
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/ingest`;
  const clock = { now: () => 0, after: (_: number, call: () => void) => (setImmediate(call), { cancel() {} }) };
  const id = await ingest<typeof Counted>(url, "Counted", { n: 1 }, { key: "one", clock });
  assert.equal(ids, [id, id, id]);
  server.close();
  server.closeAllConnections();
});

test("an event that is refused tells the status and the answer", async () => {
  const server = createServer((_, outgoing) => outgoing.writeHead(422).end('{"problems":["n is missing"]}')).listen(0);
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/ingest`;
  const error = await ingest<typeof Counted>(url, "Counted", { n: 1 }).catch((reason: unknown) => reason);
  assert.is((error as { status: number }).status, 422);
  assert.equal((error as { answer: unknown }).answer, { problems: ["n is missing"] });
  server.close();
  server.closeAllConnections();
});

test.run();
