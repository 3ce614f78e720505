import { simulate, type ProfileName } from "beehive-actors/testing";
import * as actors from "../../samples/prismo/actors/index.ts";
import { prismoContainer } from "../../samples/prismo/container.ts";
import { OrderAccepted } from "../../samples/prismo/events.ts";
import { stockUp } from "../../samples/prismo/intake.ts";
import { prismoStores } from "../../samples/prismo/stores.ts";
import { summarise } from "../../samples/prismo/summary.ts";
import { profileNames } from "../../src/analysis/simulation/faults.ts";
import { orderOf } from "../support/prismo.ts";
import { suite } from "../support/suite.ts";

/** `PRISMO_RUNS=10000 npm test -- prismo-simulation` for more than a usual run has time for. */
const runs = Number(process.env["PRISMO_RUNS"] ?? 40);
const seed = Number(process.env["PRISMO_SEED"] ?? 1);
const profiles = process.env["PRISMO_PROFILE"] ? [process.env["PRISMO_PROFILE"] as ProfileName] : profileNames;

const test = suite("Prismo in a simulation", { timeoutMs: Math.max(120_000, runs * 2_000) });

/** By the seed of the shop, the second is refused by the bank and the third by the fraud check. */
const orders = [
  orderOf("order-1", { stool: 1, lamp: 1 }),
  orderOf("order-2", { lamp: 1 }),
  orderOf("order-125", { lamp: 2 }),
  orderOf("order-3", { lamp: 1, stool: 1 }),
];
const products = [
  { productId: "stool", name: "Stool", quantity: 1 },
  { productId: "lamp", name: "Lamp", quantity: 1 },
];

for (const as of profiles) {
  test(`${runs} runs on ${as} ship and cancel what a calm run does`, async () => {
    await simulate({
      actors,
      as,
      runs,
      seed,
      container: () => prismoContainer(1),
      given: async (stores) => {
        await stockUp(stores, products);
        for (const order of orders) {
          const items = Object.fromEntries(Object.entries(order.items).map(([id, quantity]) => [id, { quantity }]));
          await prismoStores(stores).orders.insert({
            ...order,
            items,
            status: "accepted",
            fraudCleared: false,
            acceptedAt: 0,
          });
        }
      },
      push: orders.map(({ id }) => OrderAccepted.create({ orderId: id }, { id: `accepted-${id}` })),
      // Chance decides which order takes the last item, and so the orders that wait.
      ignore: ["takenBy", "shippedAt", "counters/Stock/", "counters/Replenished/", "WaitingOrders/"],
      invariant: async (stores) => {
        const { problems, pending, negativeStock, stockBalanced } = await summarise(stores);
        if (pending > 0 || negativeStock > 0 || !stockBalanced || problems.length > 0)
          throw new Error(JSON.stringify({ problems, pending, negativeStock, stockBalanced }));
      },
    });
  });
}

test.run();
