import { systemClock, type Clock, type Timer } from "../../base/clock.ts";

/**
 * System time with timers that can be forgotten, as if their process had died. A lock is then not renewed any more.
 */
export class ForgetfulClock implements Clock {
  readonly #timers = new Set<Timer>();

  now(): number {
    return systemClock.now();
  }

  after(ms: number, callback: () => void): Timer {
    const timer = systemClock.after(ms, () => {
      this.#timers.delete(timer);
      callback();
    });
    this.#timers.add(timer);
    return {
      cancel: () => {
        timer.cancel();
        this.#timers.delete(timer);
      },
    };
  }

  /** Cancels every pending timer. */
  forget(): void {
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
  }
}
