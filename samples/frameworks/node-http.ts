import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";
import { createHive, isBeeHiveError } from "beehive-actors";
import { dashboard, nodeListener } from "beehive-actors/dashboard";
import { edgeOf } from "./handlers.ts";
import { authorize } from "./operators.ts";
import { OrderAccepted, Orders, Payment, port, provider } from "./shop.ts";

const hive = await createHive({ actors: Payment, provider });
await hive.start();

async function answer(request: IncomingMessage): Promise<readonly [status: number, body?: unknown]> {
  const { method, url = "/" } = request;
  if (method === "POST" && url === "/orders") {
    await hive.push(OrderAccepted.create(OrderAccepted.parse(await json(request))));
    return [202];
  }
  if (url === "/health") {
    const { ready, detail } = await hive.health();
    return [ready ? 200 : 503, detail];
  }
  const order = await hive.store(Orders).find(url.replace("/orders/", ""));
  return order ? [200, order] : [404];
}

const ops = nodeListener(dashboard(hive, { authorize }));
const edge = nodeListener(edgeOf(hive));

const server = createServer((request, response) => {
  if (/^\/ops\b/.test(request.url ?? "")) return ops(request, response);
  if (/^\/api\b/.test(request.url ?? "")) return edge(request, response);
  answer(request)
    .catch((error: unknown): [number, unknown] =>
      isBeeHiveError(error, "InvalidEvent") || error instanceof SyntaxError
        ? [400, { error: error.message }]
        : [500, { error: "see the log" }],
    )
    .then(([status, body]) =>
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body)),
    )
    .catch((error: unknown) => console.error(error));
});
server.listen(port, () => console.log(`listening on ${(server.address() as AddressInfo).port}`));

// No more requests, then no more events; actors that work have 30 seconds to finish.
process.once("SIGTERM", () => server.close(() => void hive.stop()));
