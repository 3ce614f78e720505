import type { Lease } from "../contract/queue-operator.ts";

/** An event of an ordered subscription that is to be tried again, and holds back its partition key until then. */
export interface HeldKey {
  readonly eventId: string;
  /** How often it was tried so far. */
  readonly attempts: number;
  /** When it is tried again. */
  readonly until: Date;
}

/** So many are remembered. */
const maxHeld = 1_000;
/** Another process took over what is overdue for longer, in ms. */
const overdueMs = 60_000;

/** The keys that failing events of one subscription hold back, as far as this process made them wait. */
export class HeldKeys {
  readonly #held = new Map<string, HeldKey>();

  /** The event goes back to wait for its next attempt. */
  holds({ event, attempt }: Lease, delayMs: number, now: number): void {
    if (event.partitionKey === undefined || this.#held.size >= maxHeld) return;
    this.#held.set(event.id, { eventId: event.id, attempts: attempt, until: new Date(now + delayMs) });
  }

  /** The event is delivered again. */
  released({ event }: Lease): void {
    this.#held.delete(event.id);
  }

  /** Those that wait the longest for their next attempt first. */
  list(now: number): readonly HeldKey[] {
    for (const [id, { until }] of this.#held) if (until.getTime() + overdueMs < now) this.#held.delete(id);
    return [...this.#held.values()].sort((one, other) => other.until.getTime() - one.until.getTime());
  }
}
