import { Alarm } from "../base/alarm.ts";
import { Bag, type Bagged } from "../base/bag.ts";
import { ClockSteps } from "../base/clock-steps.ts";
import type { Clock } from "../base/clock.ts";

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
 * All share an alarm, and each signal has one listener.
 */
export class Waiters<W extends Waiter> implements Iterable<W> {
  readonly #clock: Clock;
  readonly #all = new Bag<W>();
  readonly #watched = new WeakSet<AbortSignal>();
  /** The last signal, and whether it has aborted. V8 reads `aborted` slowly from many signals: none is like another. */
  #signal: AbortSignal | undefined;
  #aborted = false;
  readonly #steps = new ClockSteps();
  readonly #alarm: Alarm;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#alarm = new Alarm(clock, () => this.#wakeDue());
  }

  get size(): number {
    return this.#all.size;
  }

  /** @param time The time, if the caller has just read it. */
  add(waiter: W, time?: number): void {
    this.#all.add(waiter);
    this.#watch(waiter.signal);
    this.#alarm.ringBy(waiter.until, this.#now(time));
  }

  /** Returns whether a signal has aborted. */
  hasAborted(signal: AbortSignal): boolean {
    this.#watch(signal);
    return this.#aborted;
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

  /** Wakes all waiters and cancels the alarm. */
  close(): void {
    this.#alarm.cancel();
    this.wakeAll();
  }

  #watch(signal: AbortSignal): void {
    if (signal === this.#signal) return;
    this.#signal = signal;
    this.#aborted = signal.aborted;
    if (this.#watched.has(signal)) return;
    this.#watched.add(signal);
    const aborted = (): void => {
      if (signal === this.#signal) this.#aborted = true;
      this.#wakeDue();
    };
    signal.addEventListener("abort", aborted, { once: true });
  }

  /** Returns the time. Wakes all waiters if the clock was put back, so that they wait anew by the new time. */
  #now(now: number = this.#clock.now()): number {
    if (this.#steps.back(now) > 0) this.wakeAll();
    return now;
  }

  /** The alarm is not cancelled by wake-ups; it then rings with nothing to do. */
  #wakeDue(): void {
    const now = this.#now();
    let next = Infinity;
    for (const waiter of this.#all) {
      if (waiter.until > now && !waiter.signal.aborted) next = Math.min(next, waiter.until);
      else if (this.#all.delete(waiter)) waiter.wake();
    }
    // An alarm without a waiter would keep the process alive.
    if (this.size === 0) this.#alarm.cancel();
    else this.#alarm.ringBy(next, now);
  }
}
