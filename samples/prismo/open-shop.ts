/** The shop with its doors open, for the dashboard: orders come steadily, actors take their time, and some fail. */
import { setTimeout as sleep } from "node:timers/promises";
import {
  createHive,
  isBeeHiveError,
  RejectEvent,
  silentLogger,
  type Hive,
  type Middleware,
  type Provider,
  type Pulser,
} from "beehive-actors";
import { dashboard, serveDashboard } from "beehive-actors/dashboard";
import * as actors from "./actors/index.ts";
import { defaultLease, journal } from "./app.ts";
import { randomNumbers } from "./chance.ts";
import { prismoContainer } from "./container.ts";
import * as events from "./events.ts";
import { randomOrders, randomProducts } from "./generate.ts";
import { acceptOrders, stockUp } from "./intake.ts";
import type { Options } from "./options.ts";
import { prismoStores } from "./stores.ts";

/** The time between two orders, in ms. */
const betweenOrders = 600;

/** Runs the shop and its dashboard until the signal aborts. */
export async function openShop(
  provider: Provider,
  { seed, port }: Pick<Options, "seed" | "port">,
  signal: AbortSignal,
  opened: (url: string) => void,
): Promise<void> {
  const products = randomProducts(seed, 1_000);
  await using hive = await openedHive(
    provider,
    seed,
    products.map(({ productId }) => productId),
  );
  await hive.setup();
  await stockUp(provider.stores, products);
  await hive.start();
  const ops = dashboard(hive, {
    authorize: () => ({ name: "you", bodies: true }), // it serves this machine only
    title: "Prismo",
    environment: "sample",
    eventTypes: Object.values(events),
  });
  await using server = await serveDashboard(ops, port);
  opened(`http://127.0.0.1:${server.port}/`);
  await takeOrders(hive, seed, signal);
  await provider.close();
}

function openedHive(provider: Provider, seed: number, products: readonly string[]): Promise<Hive> {
  return createHive({
    actors,
    provider,
    container: prismoContainer(seed),
    journal: { ...journal, entries: 50_000 },
    ...(provider.capabilities.log === true
      ? { keep: { OrderAccepted: { for: "1d" }, OrderShipped: { for: "1d" } } }
      : {}),
    pulsers: [delivery(products)],
    defaults: {
      lease: defaultLease,
      retry: { maxAttempts: 3, minDelay: 2_000 },
      middleware: [mishaps(seed), leisure(seed)],
    },
    logger: silentLogger,
  });
}

/** Brings some goods twice a minute. */
function delivery(products: readonly string[]): Pulser {
  return {
    name: "Delivery",
    schedule: { every: "30s" },
    publishes: [events.ProductDelivered],
    pulse(time) {
      const turn = Math.floor(time.getTime() / 30_000);
      const productId = products[turn % products.length] ?? "";
      return [events.ProductDelivered.create({ deliveryId: `delivery-${turn}`, productId, quantity: 3 })];
    },
  };
}

/** Lets each actor take a while, so that there is something to see. */
function leisure(seed: number): Middleware {
  const random = randomNumbers(seed);
  return async (_event, { signal }, next) => {
    await sleep(50 + random() * 500, undefined, { signal });
    return next();
  };
}

/** Lets the bank refuse a few payments for good, and the mail server fail now and then. */
function mishaps(seed: number): Middleware {
  const random = randomNumbers(seed + 1);
  return async (event, { descriptor: { name } }, next) => {
    const { orderId } = event.getBody<{ readonly orderId: string }>();
    if (name === actors.PaymentActor.name && random() < 0.03)
      throw new RejectEvent(`The bank does not know the card of ${orderId}.`);
    if (name === actors.ShippedEmailActor.name && random() < 0.35)
      throw new TypeError(`The mail server hung up on the mail for ${orderId}.`);
    return next();
  };
}

/** Accepts an order at a time. A second run goes on after the orders of the first. */
async function takeOrders(hive: Hive, seed: number, signal: AbortSignal): Promise<void> {
  let known = 0;
  for await (const _ of prismoStores(hive.provider.stores).orders.all()) known++;
  for (const order of randomOrders(seed, Infinity, randomProducts(seed, 1_000))) {
    if (known-- > 0) continue;
    try {
      await acceptOrders(hive, [order], signal);
      await sleep(betweenOrders, undefined, { signal });
    } catch (error) {
      if (signal.aborted) return;
      if (!isBeeHiveError(error)) throw error;
    }
  }
}
