import { once } from "node:events";
import {
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type RequestListener,
  type Server,
} from "node:http";
import { connect, type AddressInfo } from "node:net";
import { buffer, json } from "node:stream/consumers";
import { createGunzip, gzipSync } from "node:zlib";
import * as assert from "uvu/assert";
import type { Dashboard } from "../../../../src/web/dashboard/dashboard.ts";
import { nodeListener } from "../../../../src/web/http/node-listener.ts";
import { suite } from "../../../support/suite.ts";

const test = suite("a dashboard behind node:http");

const open: Server[] = [];
test.after.each(async () => {
  for (const server of open.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

async function listen(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  open.push(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Tells what it was asked. */
const echo: Dashboard = {
  fetch: async (request, from) => {
    const { method, url } = request;
    const user = (from as { readonly user?: string }).user ?? null;
    const body = method === "POST" ? await request.text() : null;
    return Response.json({ method, path: new URL(url).pathname, body, user }, { headers: { "x-it": "is here" } });
  },
};

test("a request keeps its method, path, body and headers", async () => {
  const url = await listen(nodeListener(echo));
  const response = await fetch(`${url}/ops/-/do/send?x=1`, { method: "POST", body: '{"a":1}' });
  assert.equal(await response.json(), { method: "POST", path: "/ops/-/do/send", body: '{"a":1}', user: null });
  assert.is(response.headers.get("x-it"), "is here");
  assert.is((await fetch(url, { method: "HEAD" })).status, 200);
});

test("mounted in Express it sees the whole path, the user and the body", async () => {
  const listener = nodeListener(echo);
  const url = await listen((incoming, outgoing) => {
    void json(incoming).then((body) => {
      const mounted = { originalUrl: incoming.url, url: "/-/do/send", body, user: "ada" };
      listener(Object.assign(incoming, mounted), outgoing);
    });
  });
  const response = await fetch(`${url}/ops/-/do/send`, { method: "POST", body: '{ "a": 1 }' });
  assert.equal(await response.json(), { method: "POST", path: "/ops/-/do/send", body: '{"a":1}', user: "ada" });
});

test("bytes that a framework has read and decompressed stay bytes", async () => {
  const listener = nodeListener({
    fetch: async (request) => Response.json([request.headers.get("content-encoding"), await request.text()]),
  });
  const url = await listen((incoming, outgoing) => {
    void buffer(incoming.pipe(createGunzip())).then((body) => listener(Object.assign(incoming, { body }), outgoing));
  });
  const sent = { method: "POST", headers: { "content-encoding": "gzip" }, body: gzipSync("[1, 2]") };
  assert.equal(await (await fetch(url, sent)).json(), [null, "[1, 2]"]);
});

test("a path that looks like a host stays a path", async () => {
  const { port } = new URL(await listen(nodeListener(echo)));
  const sent = httpRequest({ port, host: "127.0.0.1", path: "//evil.example/x" });
  sent.end();
  const [response] = (await once(sent, "response")) as [IncomingMessage];
  assert.is(((await json(response)) as { path: string }).path, "//evil.example/x");
});

test("a request with a wrong host gets 400", async () => {
  const { port } = new URL(await listen(nodeListener(echo)));
  const socket = connect(Number(port), "127.0.0.1");
  socket.write("GET / HTTP/1.1\r\nHost: a b\r\nConnection: close\r\n\r\n");
  const [answer] = (await once(socket, "data")) as [Buffer];
  assert.match(answer.toString(), /^HTTP\/1.1 400/);
  socket.destroy();
});

test("a stream ends when its reader has gone", async () => {
  let isOver: (reason: unknown) => void = () => {};
  const over = new Promise((resolve) => (isOver = resolve));
  const endless: Dashboard = {
    fetch: async () =>
      new Response(
        new ReadableStream({
          start: (controller) => controller.enqueue(new TextEncoder().encode("data: 1\n\n")),
          cancel: isOver,
        }),
      ),
  };
  const gone = new AbortController();
  const response = await fetch(await listen(nodeListener(endless)), { signal: gone.signal });
  await response.body?.getReader().read();
  gone.abort();
  await over;
});

test.run();
