import type { Hive, HiveOptions } from "./hive.ts";

/**
 * Creates a hive: checks its actors and opens its provider.
 *
 * Nothing is created at the provider and nothing runs until {@link Hive.start}.
 *
 * @throws BeeHiveError `InvalidConfiguration` with every problem of the options and of every actor.
 * @example
 * await using hive = await createHive({ actors: [PaymentActor], provider: "sqlite:./hive.db" });
 * await hive.start();
 * await hive.push(OrderAccepted.create({ orderId: "1" }));
 */
export async function createHive(options: HiveOptions): Promise<Hive> {
  // Load the machinery of a hive with the first one: code that only declares events and actors loads none of it.
  const { createHive: create } = await import("./hive.ts");
  return await create(options);
}
