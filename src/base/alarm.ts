import type { Clock, Timer } from "./clock.ts";

/**
 * A timer for the earliest of many times.
 *
 * Leases and waits are as frequent as events, and a timer for each would cost more than the rest of them.
 */
export class Alarm {
  readonly #clock: Clock;
  readonly #ring: () => void;
  readonly #keepsProcess: boolean;
  #timer: Timer | undefined;
  #at = Infinity;
  /** True once a ring that was overdue was set anew: it comes with the next timers. */
  #overdue = false;

  /**
   * @param ring Called once at the earliest time; it sets the alarm for the next.
   * @param keepsProcess Whether the process lives until the ring.
   */
  constructor(clock: Clock, ring: () => void, keepsProcess = true) {
    this.#clock = clock;
    this.#ring = ring;
    this.#keepsProcess = keepsProcess;
  }

  /** Rings at `time`, or before. Returns whether that moved the ring. */
  ringBy(time: number, now: number = this.#clock.now()): boolean {
    // A ring that is overdue may mean that the clock jumped forward: set the timer anew, once, and for no later.
    if (time >= this.#at && (this.#at > now || this.#overdue)) return false;
    this.#overdue = this.#at <= now;
    this.#at = Math.min(this.#at, time);
    this.#timer?.cancel();
    this.#timer = this.#clock.after(this.#at - now, this.#onTime);
    if (!this.#keepsProcess) this.#timer.unref?.();
    return true;
  }

  /** Cancels the ring. */
  cancel(): void {
    this.#timer?.cancel();
    this.#at = Infinity;
    this.#overdue = false;
  }

  readonly #onTime = (): void => {
    this.#at = Infinity;
    this.#overdue = false;
    this.#ring();
  };
}
