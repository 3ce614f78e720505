import { afterThisTurn } from "../base/clock.ts";

/**
 * Runs one piece of work in each turn of the event loop.
 *
 * For both ends of AMQP: rhea 3.0.5 joins the dispositions of consecutive deliveries in one turn into one frame, and
 * gives all of them the outcome of the first.
 */
export class Turns {
  readonly #waiting: (() => void)[] = [];
  #running = false;

  add(work: () => void): void {
    this.#waiting.push(work);
    if (this.#running) return;
    this.#running = true;
    afterThisTurn(() => this.#next());
  }

  #next(): void {
    this.#waiting.shift()?.();
    if (this.#waiting.length > 0) afterThisTurn(() => this.#next());
    else this.#running = false;
  }
}
