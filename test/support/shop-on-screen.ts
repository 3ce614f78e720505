/** Prismo with failures, and its dashboard, for tests. */
import {
  createHive,
  openProvider,
  pulse,
  RejectEvent,
  silentLogger,
  type Hive,
  type Middleware,
  type Provider,
} from "beehive-actors";
import { dashboard, serveDashboard, type DashboardOptions, type DashboardServer } from "beehive-actors/dashboard";
import * as actors from "../../samples/prismo/actors/index.ts";
import { journal } from "../../samples/prismo/app.ts";
import { prismoContainer } from "../../samples/prismo/container.ts";
import * as events from "../../samples/prismo/events.ts";
import { acceptOrders, stockUp } from "../../samples/prismo/intake.ts";
import { orderOf } from "./prismo.ts";

/** The orders that the bank refuses, until it is mended. */
export const refused: readonly string[] = ["order-3", "order-5", "order-8"];
/** The order whose mail cannot be sent. */
export const unmailed = "order-7";

export interface ShopOnScreen extends AsyncDisposable {
  readonly hive: Hive;
  readonly provider: Provider;
  readonly url: string;
  /** Lets the bank accept all orders. */
  mend(): void;
  /** Ends the server of the dashboard, and starts another on its port. */
  restart(): Promise<void>;
}

/** Runs 20 orders through the shop: three are refused by the bank for good, and one mail fails. */
export async function shopOnScreen(options: Partial<DashboardOptions> = {}): Promise<ShopOnScreen> {
  const provider = await openProvider("memory:");
  let isMended = false;
  const failing: Middleware = (event, { descriptor }, next) => {
    const { orderId } = event.getBody<{ readonly orderId: string }>();
    if (!isMended && descriptor.name === actors.PaymentActor.name && refused.includes(orderId))
      throw new RejectEvent(`The bank does not know the card of ${orderId}.`);
    if (descriptor.name === actors.ShippedEmailActor.name && orderId === unmailed)
      throw new TypeError(`The mail server hung up on ${orderId}.`);
    return next();
  };
  const hive = await createHive({
    actors,
    provider,
    container: prismoContainer(1),
    journal: { ...journal, entries: 10_000 },
    keep: { OrderAccepted: { for: "1d" } },
    pulsers: [pulse("StockCounted", { every: "1h" })],
    defaults: { retry: { maxAttempts: 1 }, middleware: [failing] },
    logger: silentLogger,
  });
  await hive.setup();
  await stockUp(provider.stores, [{ productId: "lamp", name: "Lamp", quantity: 1_000 }]);
  await hive.start();
  await acceptOrders(
    hive,
    Array.from({ length: 20 }, (_, index) => orderOf(`order-${index + 1}`, { lamp: 1 })),
  );
  await hive.whenIdle();
  const ops = dashboard(hive, {
    authorize: () => ({ name: "ada", bodies: true }),
    title: "Prismo",
    environment: "test",
    eventTypes: Object.values(events),
    logger: silentLogger,
    ...options,
  });
  let server: DashboardServer = await serveDashboard(ops, 0);
  const { port } = server;
  return {
    hive,
    provider,
    url: `http://127.0.0.1:${port}/`,
    mend: () => {
      isMended = true;
    },
    restart: async () => {
      await server.close();
      server = await serveDashboard(ops, port);
    },
    [Symbol.asyncDispose]: async () => {
      await server.close();
      await hive.stop();
      await provider.close();
    },
  };
}
