import type { Clock } from "./clock.ts";

/**
 * A time that passes by a clock, such as a pause. When the clock is put back meanwhile it begins anew, so that it never
 * lasts for longer than `ms` from the moment somebody looks.
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

  /** How much of it is left, in ms; 0 when it is over. */
  get left(): number {
    const now = this.#clock.now();
    this.#from = Math.min(this.#from, now);
    return Math.max(0, this.#from + this.ms - now);
  }
}
