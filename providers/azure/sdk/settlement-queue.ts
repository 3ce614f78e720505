import { Turns } from "../../../src/provider-kit/turns.ts";

/**
 * Starts one settlement in each turn of the event loop, see {@link Turns}: a complete and a dead-letter side by side would
 * complete both, and one event would be lost. Each receiver has a queue of its own; receivers do not disturb each other.
 */
export class SettlementQueue {
  readonly #turns = new Turns();

  /** Runs `settle` in a turn of its own; answers as it does. */
  add(settle: () => Promise<void>): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#turns.add(() => {
        settle().then(resolve, reject);
      });
    });
  }
}
