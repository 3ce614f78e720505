import type { ServiceBusSessionReceiver } from "@azure/service-bus";
import { withTimeLimit, type Clock } from "../../../src/base/clock.ts";
import { BeeHiveError } from "../../../src/base/errors.ts";

interface Internals {
  readonly _messageSession?: { readonly _deliveryDispositionMap?: Map<unknown, { readonly timer: NodeJS.Timeout }> };
}

/**
 * Waits for a settlement at most `ms`.
 *
 * When a connection breaks, the SDK (7.9.5) rejects pending settlements of a session only after a minute, and its timer
 * keeps the process alive for that minute.
 *
 * @throws BeeHiveError `LeaseLost` when the session is gone by then, else `Timeout`.
 */
export function withinLimit(
  receiver: ServiceBusSessionReceiver,
  settlement: Promise<void>,
  clock: Clock,
  ms: number,
): Promise<void> {
  return withTimeLimit(settlement, clock, ms, () => {
    forgetWaits(receiver);
    const [code, what] = receiver.isClosed
      ? (["LeaseLost", "the session was lost"] as const)
      : (["Timeout", "Service Bus did not respond in time"] as const);
    throw new BeeHiveError(code, `The event may or may not be settled: ${what}.`);
  });
}

function forgetWaits(receiver: ServiceBusSessionReceiver): void {
  const waits = (receiver as unknown as Internals)._messageSession?._deliveryDispositionMap;
  for (const { timer } of waits?.values() ?? []) timer.close();
  waits?.clear();
}
