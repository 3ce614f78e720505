/** A proxy before an HTTP server that can ask its callers to slow down. */
import { once } from "node:events";
import { createServer, request, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface SlowDownProxy extends AsyncDisposable {
  /** Its address: `http://127.0.0.1:PORT`. */
  readonly origin: string;
  /** Number of requests still to refuse with this status. */
  refuse: { status: number; times: number };
}

export async function slowDownProxy(target: string): Promise<SlowDownProxy> {
  const to = new URL(target);
  const server = createServer((incoming, outgoing) => {
    if (proxy.refuse.times === 0) return forward(incoming, outgoing, to);
    proxy.refuse.times--;
    incoming.resume();
    outgoing.writeHead(proxy.refuse.status, { "retry-after-ms": "1" }).end();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const proxy: SlowDownProxy = {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    refuse: { status: 503, times: 0 },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
  return proxy;
}

function forward(incoming: IncomingMessage, outgoing: ServerResponse, { hostname, port }: URL): void {
  const { method, url: path, headers } = incoming;
  const onward = request({ hostname, port, method, path, headers }, (response) => {
    outgoing.writeHead(response.statusCode ?? 502, response.headers);
    response.pipe(outgoing);
  });
  onward.on("error", () => outgoing.destroy());
  incoming.pipe(onward);
}
