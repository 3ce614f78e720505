import { systemClock, type Clock, type Timer } from "../../base/clock.ts";

/**
 * The machine's clock, whose timers can be forgotten: what they would have done, such as renewing a lock, never
 * happens, as if the process that set them had died.
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

  /** Forgets every timer that was set so far. */
  forget(): void {
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
  }
}
