import { serve } from "@hono/node-server";
import { createHive, isBeeHiveError } from "beehive-actors";
import { dashboard } from "beehive-actors/dashboard";
import { Hono } from "hono";
import { edgeOf } from "./handlers.ts";
import { authorize } from "./operators.ts";
import { OrderAccepted, Orders, Payment, port, provider } from "./shop.ts";

const hive = await createHive({ actors: Payment, provider });
await hive.start();

const app = new Hono();

app.post("/orders", async (context) => {
  await hive.push(OrderAccepted.create(await context.req.json()));
  return context.body(null, 202);
});

app.get("/orders/:id", async (context) => {
  const order = await hive.store(Orders).find(context.req.param("id"));
  return order ? context.json(order) : context.notFound();
});

app.get("/health", async (context) => {
  const { ready, detail } = await hive.health();
  return context.json(detail, ready ? 200 : 503);
});

const ops = dashboard(hive, { authorize });
app.all("/ops/*", (context) => ops.fetch(context.req.raw));

const edge = edgeOf(hive);
app.all("/api/*", (context) => edge.fetch(context.req.raw));

app.onError((error, context) => {
  if (isBeeHiveError(error, "InvalidEvent") || error instanceof SyntaxError)
    return context.json({ error: error.message }, 400);
  throw error;
});

const server = serve({ fetch: app.fetch, port }, (address) => console.log(`listening on ${address.port}`));

// No more requests, then no more events; actors that work have 30 seconds to finish.
process.once("SIGTERM", () => server.close(() => void hive.stop()));
