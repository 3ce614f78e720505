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
    // A ring that is overdue means that the clock jumped forward: set the timer anew.
    if (time >= this.#at && this.#at > now) return false;
    this.#timer?.cancel();
    this.#at = time;
    this.#timer = this.#clock.after(time - now, this.#onTime);
    if (!this.#keepsProcess) this.#timer.unref?.();
    return true;
  }

  /** Cancels the ring. */
  cancel(): void {
    this.#timer?.cancel();
    this.#at = Infinity;
  }

  readonly #onTime = (): void => {
    this.#at = Infinity;
    this.#ring();
  };
}
