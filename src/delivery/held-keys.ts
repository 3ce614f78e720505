import type { Lease } from "../contract/queue-operator.ts";

/** A failed event of an ordered subscription, which holds back its partition key until its next attempt. */
export interface HeldKey {
  readonly eventId: string;
  /** The attempts so far. */
  readonly attempts: number;
  /** The time of its next attempt. */
  readonly until: Date;
}

/** The most events that are remembered. */
const maxHeld = 1_000;
/** An event that is overdue for longer, in ms, was taken over by another process. */
const overdueMs = 60_000;

/** The partition keys of one subscription that failing events of this process hold back. */
export class HeldKeys {
  readonly #held = new Map<string, HeldKey>();

  /** Remembers an event that waits for its next attempt. */
  hold({ event, attempt }: Pick<Lease, "event" | "attempt">, delayMs: number, now: number): void {
    if (event.partitionKey === undefined || this.#held.size >= maxHeld) return;
    this.#held.set(event.id, { eventId: event.id, attempts: attempt, until: new Date(now + delayMs) });
  }

  /** Forgets an event that is delivered again. */
  release({ event }: Lease): void {
    if (this.#held.size > 0) this.#held.delete(event.id);
  }

  /** Returns the held keys, those with the latest next attempt first. */
  list(now: number): readonly HeldKey[] {
    for (const [id, { until }] of this.#held) if (until.getTime() + overdueMs < now) this.#held.delete(id);
    return [...this.#held.values()].sort((one, other) => other.until.getTime() - one.until.getTime());
  }
}
