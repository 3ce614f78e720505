/** The shop with its doors open on the web: `curl -d @order.json localhost:8080/ingest/orders`. */
import { once } from "node:events";
import { createHive, silentLogger, type Provider } from "beehive-actors";
import { ingestion, serve } from "beehive-actors/http";
import * as actors from "./actors/index.ts";
import { defaultLease, journal } from "./app.ts";
import { prismoContainer } from "./container.ts";
import { orderLine, readInput } from "./input.ts";
import { acceptedEvent, stockUp, type NewOrder } from "./intake.ts";
import type { Options } from "./options.ts";
import { prismoStores } from "./stores.ts";

/** Takes orders until the signal aborts. */
export async function serveShop(
  provider: Provider,
  { seed, orders, stock, lease = defaultLease }: Pick<Options, "seed" | "orders" | "stock" | "lease">,
  port: number,
  signal: AbortSignal,
  opened: (url: string) => void,
): Promise<void> {
  const { products } = await readInput(orders, stock);
  await using hive = await createHive({
    actors,
    provider,
    container: prismoContainer(seed),
    journal,
    defaults: { lease },
    logger: silentLogger,
  });
  await hive.setup();
  await stockUp(provider.stores, products);
  await hive.start();
  const known = prismoStores(provider.stores).products;
  const edge = ingestion(hive, {
    authorize: () => ({ name: "you" }), // it serves this machine only
    handlers: {
      orders: {
        schema: orderLine,
        async validate({ items }) {
          const problems: { path: string; problem: string }[] = [];
          for (const { value, path } of items)
            for (const productId of Object.keys((value as NewOrder).items))
              if (!(await known.exists(productId)))
                problems.push({
                  path: path === "" ? "items" : `${path}.items`,
                  problem: `there is no product ${productId}`,
                });
          return problems;
        },
        async ingest({ items }) {
          const events = await Promise.all(items.map(({ value }) => acceptedEvent(provider.stores, value as NewOrder)));
          return events.filter((event) => event !== undefined);
        },
      },
    },
  });
  await using server = await serve({ hive, port, apps: { "/": edge } });
  opened(`http://127.0.0.1:${server.port}/ingest/orders`);
  if (!signal.aborted) await once(signal, "abort");
}
