import type { Waiter } from "../../../src/provider-kit/waiters.ts";
import type { SqliteLease } from "./lease.ts";

/** What is waited for: up to `max` messages, each leased for `leaseMs`. */
export interface Wanted {
  readonly max: number;
  readonly leaseMs: number;
  /** Until when, in ms since the epoch. */
  readonly until: number;
  readonly signal: AbortSignal;
}

/**
 * Somebody who waits for messages. One that is published meanwhile is written as leased to them, in the transaction that
 * publishes it: they need not look for it, nor lease it in a transaction of its own.
 */
export class LeaseWaiter implements Waiter {
  place = -1;
  readonly leaseMs: number;
  readonly until: number;
  readonly signal: AbortSignal;
  readonly #max: number;
  readonly #answer: (leases: SqliteLease[]) => void;
  #reserved = 0;
  #leases: SqliteLease[] = [];

  constructor({ max, leaseMs, until, signal }: Wanted, answer: (leases: SqliteLease[]) => void) {
    this.leaseMs = leaseMs;
    this.until = until;
    this.signal = signal;
    this.#max = max;
    this.#answer = answer;
  }

  /** Answers whether there is room for one more, and keeps it for {@link hand}. */
  reserve(): boolean {
    if (this.#reserved === this.#max) return false;
    this.#reserved++;
    return true;
  }

  hand(lease: SqliteLease): void {
    this.#leases.push(lease);
  }

  /** What was handed over has not happened. */
  reset(): void {
    this.#reserved = 0;
    this.#leases = [];
  }

  wake(): void {
    this.#answer(this.#leases);
  }
}
