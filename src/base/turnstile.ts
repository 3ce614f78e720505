import { Latch } from "./latch.ts";

/**
 * A queue of turns for each name: one caller at a time.
 *
 * Steps that collided on an item run again one after the other. Together all but one would collide again, so that n
 * steps would take n * n runs.
 */
export class Turnstile {
  readonly #last = new Map<string, Promise<void>>();

  /** True if a caller has a turn, or waits for one. */
  get occupied(): boolean {
    return this.#last.size > 0;
  }

  /** Resolves at the caller's turn with the function that ends it. */
  async enter(name: string): Promise<() => void> {
    const before = this.#last.get(name);
    const mine = new Latch<void>();
    const last = before ? before.then(() => mine.promise) : mine.promise;
    this.#last.set(name, last);
    await before;
    return () => {
      mine.resolve();
      if (this.#last.get(name) === last) this.#last.delete(name);
    };
  }
}
