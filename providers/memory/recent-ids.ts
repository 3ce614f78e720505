import type { Clock } from "../../src/clock.ts";

/** Ids in a generation at the most: bounds what a busy queue remembers, and so its memory. */
const mostIds = 100_000;

/** The ids seen within a window. Two generations: the older is forgotten whole, so nothing is ever scanned. */
export class RecentIds {
  readonly #clock: Clock;
  readonly #windowMs: number;
  #young = new Set<string>();
  #old = new Set<string>();
  #bornAt: number;

  constructor(clock: Clock, windowMs: number) {
    this.#clock = clock;
    this.#windowMs = windowMs;
    this.#bornAt = clock.now();
  }

  /** Notes an id; answers whether it was new. */
  add(id: string): boolean {
    this.#age();
    if (this.#young.has(id) || this.#old.has(id)) return false;
    this.#young.add(id);
    return true;
  }

  #age(): void {
    const age = this.#clock.now() - this.#bornAt;
    if (age < this.#windowMs && this.#young.size < mostIds) return;
    this.#old = age < 2 * this.#windowMs ? this.#young : new Set();
    this.#young = new Set();
    this.#bornAt = this.#clock.now();
  }
}
