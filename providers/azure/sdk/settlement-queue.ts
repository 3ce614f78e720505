import { afterThisTurn } from "../../../src/clock.ts";

/**
 * Starts one settlement in each turn of the event loop.
 *
 * rhea 3.0.5, the AMQP engine of the SDK, joins the dispositions of consecutive deliveries that are made in one turn into
 * one frame and gives all of them the first one's outcome: a complete and a dead-letter side by side complete both, and
 * one event is lost. Each receiver has a queue of its own; receivers do not disturb each other.
 */
export class SettlementQueue {
  readonly #waiting: (() => void)[] = [];
  #running = false;

  /** Runs `settle` in a turn of its own; answers as it does. */
  add(settle: () => Promise<void>): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push(() => {
        settle().then(resolve, reject);
      });
      if (this.#running) return;
      this.#running = true;
      afterThisTurn(() => this.#next());
    });
  }

  #next(): void {
    this.#waiting.shift()?.();
    if (this.#waiting.length > 0) afterThisTurn(() => this.#next());
    else this.#running = false;
  }
}
