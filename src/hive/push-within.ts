import { BeeHiveError } from "../base/errors.ts";
import type { Provider } from "../contract/provider.ts";
import type { Transaction } from "../contract/transaction.ts";
import type { Event } from "../events/event.ts";

/**
 * How {@link Hive.push} publishes.
 *
 * @example
 * await hive.push(OrderAccepted.create({ orderId: "1" }), { within: client });
 */
export interface PushOptions {
  /**
   * A transaction of the application. The events are published with its commit, or not at all.
   *
   * @default None: the events are published at once.
   */
  readonly within?: Transaction | undefined;
}

/**
 * Publishes events in a transaction of the application. Returns how many were dropped as duplicates.
 *
 * @throws BeeHiveError `InvalidConfiguration` when the provider cannot, or `within` is no transaction.
 */
export async function pushWithin(
  { name, capabilities, queues }: Provider,
  within: Transaction,
  events: readonly Event[],
): Promise<number | undefined> {
  const { transactions } = capabilities;
  if (transactions !== true || !queues.pushWithin)
    throw new BeeHiveError(
      "InvalidConfiguration",
      `${name}: cannot publish within a transaction: ${transactions}. Nothing was published.`,
    );
  if (typeof within?.query !== "function")
    throw new BeeHiveError(
      "InvalidConfiguration",
      "within must be a client of pg in a transaction, or made of one by fromKysely, fromKnex, fromDrizzle or " +
        "fromPrisma of beehive-actors/postgres. Nothing was published.",
    );
  return await queues.pushWithin(within, events);
}
