import { Turns } from "../../../src/provider-kit/turns.ts";

/**
 * Starts one settlement in each turn of the event loop, see {@link Turns}.
 *
 * Two settlements in one turn both get the outcome of the first: a complete beside a dead-letter would lose an event.
 * Each receiver has its own queue, because receivers do not disturb each other.
 */
export class SettlementQueue {
  readonly #turns = new Turns();

  /** Runs `settle` in its own turn; resolves or rejects as `settle` does. */
  add(settle: () => Promise<void>): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#turns.add(() => {
        settle().then(resolve, reject);
      });
    });
  }
}
