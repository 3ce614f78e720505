import type { Waiter } from "../../../src/provider-kit/waiters.ts";
import type { SqliteLease } from "./lease.ts";

/** A request for up to `max` messages, each leased for `leaseMs`. */
export interface Wanted {
  readonly max: number;
  readonly leaseMs: number;
  /** The end of the wait, in ms since the epoch. */
  readonly until: number;
  readonly signal: AbortSignal;
}

/**
 * A lease call that waits for messages.
 *
 * A message published meanwhile is leased to the waiter by the transaction that publishes it. This saves a query and a
 * transaction.
 */
export class LeaseWaiter implements Waiter {
  place = -1;
  readonly leaseMs: number;
  readonly until: number;
  readonly signal: AbortSignal;
  readonly #max: number;
  readonly #resolve: (leases: SqliteLease[]) => void;
  #reserved = 0;
  #leases: SqliteLease[] = [];

  constructor({ max, leaseMs, until, signal }: Wanted, resolve: (leases: SqliteLease[]) => void) {
    this.leaseMs = leaseMs;
    this.until = until;
    this.signal = signal;
    this.#max = max;
    this.#resolve = resolve;
  }

  /** Reserves room for one message, for {@link hand}. Returns false if there is none. */
  reserve(): boolean {
    if (this.#reserved === this.#max) return false;
    this.#reserved++;
    return true;
  }

  hand(lease: SqliteLease): void {
    this.#leases.push(lease);
  }

  /** Forgets the leases of a group that was rolled back. */
  reset(): void {
    this.#reserved = 0;
    this.#leases = [];
  }

  wake(): void {
    this.#resolve(this.#leases);
  }
}
