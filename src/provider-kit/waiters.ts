import { Bag, type Bagged } from "../base/bag.ts";
import { ClockSteps } from "../base/clock-steps.ts";
import type { Clock, Timer } from "../base/clock.ts";

/** One who waits for something to arrive, see {@link Waiters}. */
export interface Waiter extends Bagged {
  /** When it is woken at the latest, in ms since the epoch. */
  readonly until: number;
  /** Wakes it when it aborts. */
  readonly signal: AbortSignal;
  /** Called once: it waits no more. */
  readonly wake: () => void;
}

/**
 * Those who wait for the same thing. Whoever waits does so again for each event, so one timer serves them all, and each
 * signal is listened to once: a timer and a listener of its own would cost more than all else of the waiting.
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

  /** The first that `wanted` says yes to. */
  find(wanted: (waiter: W) => boolean): W | undefined {
    return this.#all.find(wanted);
  }

  [Symbol.iterator](): Iterator<W> {
    return this.#all[Symbol.iterator]();
  }

  /** Wakes whoever came last; nobody when nobody waits. */
  wakeOne(): void {
    this.#all.pop()?.wake();
  }

  wakeAll(): void {
    while (this.size > 0) this.wakeOne();
  }

  /** Wakes all. */
  close(): void {
    this.#timer?.cancel();
    this.wakeAll();
  }

  #watch(signal: AbortSignal): void {
    if (this.#watched.has(signal)) return;
    this.#watched.add(signal);
    signal.addEventListener("abort", () => this.#wakeDue(), { once: true });
  }

  /** The time. By a clock that was put back nobody would be woken in time: all look again, and say anew until when. */
  #now(): number {
    const now = this.#clock.now();
    if (this.#steps.back(now) > 0) this.wakeAll();
    return now;
  }

  /** The timer is not taken back when all are woken before: then it finds nobody. */
  #wakeBy(time: number): void {
    const now = this.#now();
    // A time that has passed without a call is that of a clock that was put forward: timers know nothing of that.
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
