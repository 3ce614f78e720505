import type { AddressInfo } from "node:net";
import { createHive, isBeeHiveError } from "beehive-actors";
import { dashboard, nodeListener } from "beehive-actors/dashboard";
import Fastify from "fastify";
import { edgeOf } from "./handlers.ts";
import { authorize } from "./operators.ts";
import { OrderAccepted, Orders, Payment, port, provider } from "./shop.ts";

const hive = await createHive({ actors: Payment, provider });
const app = Fastify();

app.addHook("onReady", () => hive.start());
// Runs when no more requests come; actors that work have 30 seconds to finish.
app.addHook("onClose", () => hive.stop());

app.post<{ Body: { orderId: string } }>("/orders", async (request, reply) => {
  await hive.push(OrderAccepted.create(request.body));
  return reply.status(202).send();
});

app.get<{ Params: { id: string } }>("/orders/:id", async (request, reply) => {
  const order = await hive.store(Orders).find(request.params.id);
  return order ?? reply.status(404).send();
});

app.get("/health", async (_request, reply) => {
  const { ready, detail } = await hive.health();
  return reply.status(ready ? 200 : 503).send(detail);
});

const ops = nodeListener(dashboard(hive, { authorize }));
app.all("/ops*", (request, reply) => {
  reply.hijack();
  ops(Object.assign(request.raw, { body: request.body }), reply.raw);
});

const edge = nodeListener(edgeOf(hive));
void app.register(async (api) => {
  // Leaves the bodies to the ingestion: a signature is of the bytes that were sent.
  api.removeAllContentTypeParsers();
  api.addContentTypeParser("*", (_request, _body, done) => done(null));
  api.all("/api/*", (request, reply) => {
    reply.hijack();
    edge(request.raw, reply.raw);
  });
});

app.setErrorHandler((error, _request, reply) => {
  if (isBeeHiveError(error, "InvalidEvent")) return reply.status(400).send({ error: error.message });
  return reply.send(error);
});

await app.listen({ port });
console.log(`listening on ${(app.server.address() as AddressInfo).port}`);
process.once("SIGTERM", () => void app.close());
