import type { Clock } from "../../../src/base/clock.ts";
import { IdSet } from "../../../src/provider-kit/id-set.ts";

/**
 * Remembers the ids of one window of time, any number of them.
 *
 * Ids are kept in two generations, of which the older is forgotten whole. So nothing is ever scanned, and an id is
 * known for at least one window and at most two.
 */
export class RecentIds {
  readonly #clock: Clock;
  readonly #windowMs: number;
  #young = new IdSet();
  #old = new IdSet();
  #bornAt: number;

  constructor(clock: Clock, windowMs: number) {
    this.#clock = clock;
    this.#windowMs = windowMs;
    this.#bornAt = clock.now();
  }

  /** Adds an id pushed to a destination, which is numbered from 1. Returns true if the id is new there. */
  add(destination: number, id: string): boolean {
    this.#age();
    return !this.#old.has(destination, id) && this.#young.add(destination, id);
  }

  #age(): void {
    // A clock that was put back keeps no id longer than two windows from then on.
    const now = this.#clock.now();
    this.#bornAt = Math.min(this.#bornAt, now);
    const age = now - this.#bornAt;
    if (age < this.#windowMs) return;
    const forgotten = this.#old;
    forgotten.clear();
    if (age >= 2 * this.#windowMs) this.#young.clear();
    this.#old = this.#young;
    this.#young = forgotten;
    this.#bornAt = now;
  }
}
