import { Latch } from "../base/latch.ts";

/** A subscription that shares slots with others. */
export interface SlotUser {
  /** Returns the number of its events that are worked on or wait for a slot. */
  readonly inFlight: () => number;
  /** Lets it lease again, since a slot is free. */
  readonly wake: () => void;
}

/**
 * The slots that all subscriptions of a hive share, so that only so many actors run at the same time.
 *
 * A poll takes no slot: one that is open while others take the last slots may bring events that wait here, under their
 * leases, for the next free slots in the order of their arrival. So a busy subscription starves no other.
 */
export class SharedSlots {
  readonly #max: number;
  readonly #users: SlotUser[] = [];
  readonly #waiting: Latch<void>[] = [];
  #taken = 0;

  constructor(max: number) {
    this.#max = max;
  }

  join(user: SlotUser): void {
    this.#users.push(user);
  }

  /** Returns how many of `wanted` further events a subscription with `inFlight` events may lease now. */
  leasable(wanted: number, inFlight: number): number {
    const free = this.#max - this.#taken - this.#waiting.length;
    if (free <= 0) return 0;
    // An even part of what is free, since the polls of others may bring events, too: of all for the first events, later
    // of those that have some.
    const others = inFlight === 0 ? this.#users : this.#users.filter((user) => user.inFlight() > 0);
    return Math.min(wanted, Math.max(1, Math.floor(free / others.length)));
  }

  /** Takes a slot for a run. Returns a promise to wait for when none is free. */
  enter(): Promise<void> | undefined {
    if (this.#taken < this.#max) {
      this.#taken++;
      return undefined;
    }
    const entered = new Latch<void>();
    this.#waiting.push(entered);
    return entered.promise;
  }

  /** Ends a run that entered: its slot goes to the run that waits the longest, or is free. */
  leave(): void {
    const next = this.#waiting.shift();
    if (next) return next.resolve();
    this.#taken--;
    for (const user of this.#users) user.wake();
  }
}
