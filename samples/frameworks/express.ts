import type { AddressInfo } from "node:net";
import { createHive, isBeeHiveError } from "beehive-actors";
import { dashboard, nodeListener } from "beehive-actors/dashboard";
import express, { type ErrorRequestHandler } from "express";
import { edgeOf } from "./handlers.ts";
import { authorize } from "./operators.ts";
import { OrderAccepted, Orders, Payment, port, provider } from "./shop.ts";

const hive = await createHive({ actors: Payment, provider });
await hive.start();

const app = express();
// Before the parser of bodies: a signature is of the bytes that were sent.
app.use("/api", nodeListener(edgeOf(hive)));
app.use(express.json());

app.post("/orders", async (request, response) => {
  await hive.push(OrderAccepted.create(request.body));
  response.status(202).end();
});

app.get("/orders/:id", async (request, response) => {
  const order = await hive.store(Orders).find(request.params.id);
  response.status(order ? 200 : 404).json(order);
});

app.get("/health", async (_request, response) => {
  const { ready, detail } = await hive.health();
  response.status(ready ? 200 : 503).json(detail);
});

app.use("/ops", nodeListener(dashboard(hive, { authorize })));

const invalid: ErrorRequestHandler = (error: unknown, _request, response, next) => {
  if (isBeeHiveError(error, "InvalidEvent")) response.status(400).json({ error: error.message });
  else next(error);
};
app.use(invalid);

const server = app.listen(port, () => console.log(`listening on ${(server.address() as AddressInfo).port}`));

// No more requests, then no more events; actors that work have 30 seconds to finish.
process.once("SIGTERM", () => server.close(() => void hive.stop()));
