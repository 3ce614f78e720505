import { once } from "node:events";
import { request as ask } from "node:http";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { createHive, eventType, silentLogger } from "beehive-actors";
import { dashboard } from "beehive-actors/dashboard";
import { ingestion, serve, type Served, type WebHandler } from "beehive-actors/http";
import * as assert from "uvu/assert";
import { failureOf } from "../../../support/failure.ts";
import { suite } from "../../../support/suite.ts";

const test = suite("one server for a hive");

const ReadingTaken = eventType<{ device: string }>("ReadingTaken");

/** Sends a request with any host name, which `fetch` does not allow. */
function get({ port }: Served, path: string, host = `localhost:${port}`): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    ask({ port, path, headers: { host } }, (answer) => {
      text(answer).then((body) => resolve({ status: answer.statusCode ?? 0, body }), reject);
    })
      .on("error", reject)
      .end();
  });
}

test("health, ingestion and dashboard share a port", async () => {
  await using hive = await createHive({ publishes: [ReadingTaken], logger: silentLogger });
  await hive.start();
  const authorize = () => ({ name: "ada" });
  await using served = await serve({
    hive,
    port: 0,
    apps: {
      "/": ingestion(hive, { handlers: { readings: ReadingTaken }, authorize, logger: silentLogger }),
      "/ops": dashboard(hive, { authorize, logger: silentLogger }),
    },
  });
  const base = `http://localhost:${served.port}`;
  assert.is((await get(served, "/ready")).status, 200);
  assert.is((await get(served, "/ops/-/me")).status, 200);
  const sent = { method: "POST", body: '{"device":"1"}', headers: { "content-type": "application/json" } };
  assert.is((await fetch(`${base}/ingest/readings`, sent)).status, 200);
  assert.is((await fetch(`${base}/opsx`)).status, 404);
});

test("a server on loopback answers to names of this machine only", async () => {
  await using hive = await createHive({ logger: silentLogger });
  await using served = await serve({ hive, port: 0 });
  for (const host of ["evil.example", "127.0.0.1.evil.example"])
    assert.is((await get(served, "/live", host)).status, 421, host);
  for (const host of ["127.0.0.1", "localhost:1", "[::1]:80"])
    assert.is((await get(served, "/live", host)).status, 200, host);
  await using named = await serve({ hive, port: 0, hosts: ["shop.example"] });
  assert.is((await get(named, "/live", "shop.example:443")).status, 200);
  assert.is((await get(named, "/live")).status, 421);
});

test("an upgrade that no application takes is refused", async () => {
  await using hive = await createHive({ logger: silentLogger });
  await using served = await serve({ hive, port: 0 });
  const socket = connect(served.port, "127.0.0.1");
  socket.write("GET / HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n");
  assert.match(await text(socket), /^HTTP\/1.1 404 /);
});

test("an application takes over a connection, which ends with the server", async () => {
  await using hive = await createHive({ logger: silentLogger });
  let closed = false;
  const echo: WebHandler = {
    fetch: () => new Response(),
    close: () => void (closed = true),
    upgrade: (_incoming, socket) => {
      socket.write("HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n");
      socket.on("data", (bytes) => socket.write(bytes));
    },
  };
  const served = await serve({ hive, port: 0, apps: { "/echo": echo } });
  const socket = connect(served.port, "127.0.0.1");
  socket.write("GET /echo HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n");
  await once(socket, "data");
  socket.write("hello");
  assert.is(String((await once(socket, "data"))[0]), "hello");
  const ended = once(socket, "close");
  await served.close({ deadline: "100ms" });
  await ended;
  assert.ok(closed);
});

test("close lets a request under way end, and takes no more", async () => {
  await using hive = await createHive({ logger: silentLogger });
  let end = (): void => {};
  const held = new Promise<void>((resolve) => void (end = resolve));
  let began = (): void => {};
  const beginning = new Promise<void>((resolve) => void (began = resolve));
  const edge = ingestion(hive, {
    handlers: { slow: () => (began(), held) },
    authorize: () => ({ name: "ada" }),
  });
  const served = await serve({ hive, port: 0, apps: { "/": edge } });
  const reply = fetch(`http://localhost:${served.port}/ingest/slow`, { method: "POST", body: "{}" });
  await beginning;
  const closed = served.close();
  assert.is((await failureOf(get(served, "/live"))).code, "ECONNREFUSED");
  end();
  assert.is((await reply).status, 200);
  await closed;
});

test("wrong options are told together", async () => {
  const { message } = await failureOf(serve({ port: -1, apps: { ops: {} } } as never));
  for (const part of ["hive must", "port must", 'the path "ops"', "method fetch"]) assert.match(message, part);
});

const paths: readonly [string, readonly string[], RegExp][] = [
  ["of the probes", ["/live"], /the path "\/live" of an application is one of the health; .*such as "\/app\/live"/],
  ["of the probes with a slash", ["/ready/"], /the path "\/ready\/".*health/],
  ["of the lag", ["/metrics/lag"], /the path "\/metrics\/lag".*health/],
  ["that differ by a slash only", ["/a", "/a/"], /the paths "\/a" and "\/a\/" of applications are the same/],
  ["that no request has", ["/a b"], /no request has the path "\/a b" of an application; write it as "\/a%20b"/],
  ["with a query", ["/a?b=c"], /no request has the path "\/a\?b=c".*"\/a"/],
];
for (const [what, taken, reason] of paths) {
  test(`applications at paths ${what} are refused`, async () => {
    await using hive = await createHive({ logger: silentLogger });
    const apps = Object.fromEntries(taken.map((path) => [path, { fetch: () => new Response() }]));
    const { code, message } = await failureOf(
      serve({ hive, port: 0, apps }).then(async (served) => await served.close()),
    );
    assert.is(code, "InvalidConfiguration");
    assert.match(message, reason);
    assert.is(message.split("\n").length, 2, "one problem");
  });
}

test("an application below the path of another or of a probe is reached", async () => {
  await using hive = await createHive({ logger: silentLogger });
  const app = (name: string): WebHandler => ({ fetch: () => new Response(name) });
  const apps = { "/": app("root"), "/a/": app("a"), "/a/b": app("b"), "/live/c": app("c"), "/metrics": app("m") };
  await using served = await serve({ hive, port: 0, apps });
  const reached = await Promise.all(
    ["/x", "/a", "/a/bc", "/a/b", "/a/b/c", "/live/c", "/metrics/x"].map(
      async (path) => (await get(served, path)).body,
    ),
  );
  assert.equal(reached, ["root", "a", "a", "b", "b", "c", "m"]);
});

test.run();
