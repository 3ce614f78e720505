import { Bag, type Bagged } from "../base/bag.ts";
import { ClockSteps } from "../base/clock-steps.ts";
import type { Clock, Timer } from "../base/clock.ts";

/** A waiting caller, see {@link Waiters}. */
export interface Waiter extends Bagged {
  /** The end of the wait, in ms since the epoch. */
  readonly until: number;
  /** Ends the wait when it aborts. */
  readonly signal: AbortSignal;
  /** Ends the wait. Called once. */
  readonly wake: () => void;
}

/**
 * Callers who wait for the same thing, such as the polls of a queue.
 *
 * All share a timer, and each signal has one listener: waits are as frequent as events, and a timer for each
 * would cost more than the rest of the wait.
 */
export class Waiters<W extends Waiter> implements Iterable<W> {
  readonly #clock: Clock;
  readonly #all = new Bag<W>();
  readonly #watched = new WeakSet<AbortSignal>();
  readonly #steps = new ClockSteps();
  #timer: Timer | undefined;
  #timerAt = Infinity;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#all.size;
  }

  add(waiter: W): void {
    this.#all.add(waiter);
    this.#watch(waiter.signal);
    this.#wakeBy(waiter.until);
  }

  /** Returns the first waiter that matches. */
  find(wanted: (waiter: W) => boolean): W | undefined {
    return this.#all.find(wanted);
  }

  [Symbol.iterator](): Iterator<W> {
    return this.#all[Symbol.iterator]();
  }

  /** Wakes the last waiter, if there is one. */
  wakeOne(): void {
    this.#all.pop()?.wake();
  }

  /** Wakes all waiters. */
  wakeAll(): void {
    while (this.size > 0) this.wakeOne();
  }

  /** Wakes all waiters and cancels the timer. */
  close(): void {
    this.#timer?.cancel();
    this.wakeAll();
  }

  #watch(signal: AbortSignal): void {
    if (this.#watched.has(signal)) return;
    this.#watched.add(signal);
    signal.addEventListener("abort", () => this.#wakeDue(), { once: true });
  }

  /** Returns the time. Wakes all waiters if the clock was put back, so that they wait anew by the new time. */
  #now(): number {
    const now = this.#clock.now();
    if (this.#steps.back(now) > 0) this.wakeAll();
    return now;
  }

  /** Sets the timer for the earliest end. It is not cancelled by wake-ups; it then fires with nothing to do. */
  #wakeBy(time: number): void {
    const now = this.#now();
    // `#timerAt` in the past without a call means that the clock was put forward: set the timer anew.
    if (time >= this.#timerAt && this.#timerAt > now) return;
    this.#timer?.cancel();
    this.#timerAt = time;
    this.#timer = this.#clock.after(time - now, () => {
      this.#timerAt = Infinity;
      this.#wakeDue();
    });
  }

  #wakeDue(): void {
    const now = this.#now();
    let next = Infinity;
    for (const waiter of this.#all) {
      if (waiter.until > now && !waiter.signal.aborted) next = Math.min(next, waiter.until);
      else if (this.#all.delete(waiter)) waiter.wake();
    }
    this.#wakeBy(next);
  }
}
