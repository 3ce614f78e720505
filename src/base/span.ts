import type { Clock } from "./clock.ts";

/**
 * A period by a clock, such as a pause.
 *
 * Starts anew when the clock is put back, so that at most `ms` are left at any time.
 */
export class Span {
  readonly ms: number;
  readonly #clock: Clock;
  #from: number;

  constructor(clock: Clock, ms: number) {
    this.ms = ms;
    this.#clock = clock;
    this.#from = clock.now();
  }

  /** The rest of the period, in ms; 0 after its end. */
  get left(): number {
    const now = this.#clock.now();
    this.#from = Math.min(this.#from, now);
    return Math.max(0, this.#from + this.ms - now);
  }
}
