import { systemClock, type Clock } from "../base/clock.ts";
import type { Codec } from "../contract/codec.ts";
import type { Provider } from "../contract/provider.ts";
import { openProvider, withCodec } from "./open-provider.ts";
import type { Operator } from "./operator.ts";

/** The options of {@link operate}. */
export interface OperateOptions {
  /** The time, for tests. @default {@link systemClock} */
  readonly clock?: Clock | undefined;
  /** The codec of the hives, to show bodies and to mend them. @default None. */
  readonly codec?: Codec | undefined;
}

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
  { clock = systemClock, codec }: OperateOptions = {},
): Promise<Operator> {
  // Loaded with the first operator, as a hive is.
  const { Operator: Operating } = await import("./operator.ts");
  if (typeof provider !== "string") return new Operating(await withCodec(provider, codec), clock);
  return new Operating(await withCodec(await openProvider(provider, { clock }), codec), clock, true);
}
