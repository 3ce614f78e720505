import { BeeHiveError, isBeeHiveError } from "../base/errors.ts";
import { longestHold } from "../base/event-loop.ts";
import type { Lease } from "../contract/queue-operator.ts";

/** The most lost leases that are remembered. */
const maxRemembered = 1_000;

/** Remembers leases that were lost because the event loop of this process was held. */
export class LostLeases {
  readonly #reasons = new Map<string, string>();

  /** Returns why the last lease on an event was lost; `undefined` when this process does not know. */
  reasonOf(lease: Pick<Lease, "event" | "queueName">): string | undefined {
    return this.#reasons.get(keyOf(lease));
  }

  /**
   * Returns `error`, or for a lease that could not be renewed an error that names the holder of the event loop.
   *
   * @param startedAt The start of the work, by `performance.now()`.
   * @param atWork Returns the subscriptions that were worked on.
   */
  explained(
    error: unknown,
    lease: Lease,
    { leaseMs, startedAt, atWork }: { leaseMs: number; startedAt: number; atWork: () => string },
  ): unknown {
    if (!isBeeHiveError(error, "LeaseLost")) return error;
    const hold = longestHold(startedAt);
    // Renewal starts at half the lease, so a short hold cannot have ended the lease.
    if (!hold || hold.ms < leaseMs / 4) return error;
    const who = hold.by ?? `an actor of this process (at work were ${atWork()})`;
    const reason =
      `${who} held the event loop for ${Math.round(hold.ms)} ms without a break, ` +
      `so that its lease of ${leaseMs} ms could not be renewed; ` +
      `let it await setImmediate of node:timers/promises now and then, ` +
      `move the computation into a worker thread, or give it a longer lease`;
    this.#remember(keyOf(lease), reason);
    return new BeeHiveError("LeaseLost", `${error.message} The reason: ${reason}.`, { cause: error });
  }

  #remember(key: string, reason: string): void {
    this.#reasons.delete(key);
    this.#reasons.set(key, reason);
    for (const oldest of this.#reasons.keys()) {
      if (this.#reasons.size <= maxRemembered) return;
      this.#reasons.delete(oldest);
    }
  }
}

function keyOf({ event, queueName }: Pick<Lease, "event" | "queueName">): string {
  return `${queueName} ${event.id}`;
}
