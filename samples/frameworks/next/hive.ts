import { createHive, type Hive } from "beehive-actors";
import { Payment, provider } from "../shop.ts";

/** The hive of the process: Next loads modules anew while it develops. */
const shared = globalThis as { hive?: Promise<Hive> };

/**
 * Returns the hive of this process, started.
 *
 * On a host that freezes processes between requests, publish only here, `createHive({ publishes: [OrderAccepted] })`, and
 * let a worker run the actors: `beehive run`.
 */
export function hive(): Promise<Hive> {
  return (shared.hive ??= start());
}

async function start(): Promise<Hive> {
  const made = await createHive({ actors: Payment, provider });
  await made.start();
  process.once("SIGTERM", () => void made.stop());
  return made;
}
