import { systemClock, type Clock } from "../base/clock.ts";
import type { Provider } from "../contract/provider.ts";
import { openProvider } from "./open-provider.ts";
import type { Operator } from "./operator.ts";

/**
 * Returns the acts of an operator on all hives of a provider, without actors: for a tool, a dashboard, a script.
 *
 * A hive has the same acts as its `operator`.
 *
 * @param provider A URL, or a provider of your own, which the operator does not close.
 * @throws BeeHiveError `InvalidConfiguration` for a wrong URL.
 * @example
 * await using operator = await operate("postgres://localhost/shop");
 * await operator.queue("OrderAccepted-Payment").pause({ reason: "the bank is down", by: "ada" });
 */
export async function operate(
  provider: string | Provider,
  { clock = systemClock }: { readonly clock?: Clock | undefined } = {},
): Promise<Operator> {
  // Loaded with the first operator, as a hive is.
  const { Operator: Operating } = await import("./operator.ts");
  if (typeof provider !== "string") return new Operating(provider, clock);
  return new Operating(await openProvider(provider, { clock }), clock, true);
}
