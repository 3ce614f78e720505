import type { ServiceBusSessionReceiver } from "@azure/service-bus";
import type { Clock, Timer } from "../../../src/base/clock.ts";
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
export async function withinLimit(
  receiver: ServiceBusSessionReceiver,
  settlement: Promise<void>,
  clock: Clock,
  ms: number,
): Promise<void> {
  let timer: Timer | undefined;
  const overdue = new Promise<never>((_, reject) => {
    timer = clock.after(ms, () => {
      forgetWaits(receiver);
      const [code, what] = receiver.isClosed
        ? (["LeaseLost", "the session was lost"] as const)
        : (["Timeout", "Service Bus did not respond in time"] as const);
      reject(new BeeHiveError(code, `The event may or may not be settled: ${what}.`));
    });
  });
  try {
    await Promise.race([settlement, overdue]);
  } finally {
    timer?.cancel();
  }
}

function forgetWaits(receiver: ServiceBusSessionReceiver): void {
  const waits = (receiver as unknown as Internals)._messageSession?._deliveryDispositionMap;
  for (const { timer } of waits?.values() ?? []) timer.close();
  waits?.clear();
}
