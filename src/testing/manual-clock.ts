import { checkedNumber } from "../base/checked-number.ts";
import type { Clock, Timer } from "../base/clock.ts";
import { delay, type NumberRule } from "../base/numbers.ts";

interface ManualTimer {
  readonly dueAt: number;
  readonly callback: () => void;
}

/** Where a manual clock starts unless told otherwise: a time like any other, far from the machine's. */
const defaultStart = Date.UTC(2020, 0, 1);
const date: NumberRule = { must: "a date", holds: (value) => !Number.isNaN(new Date(value).getTime()) };

/**
 * A clock that stands still until a test moves it, so that a test of hours takes no time and goes the same way
 * each time.
 *
 * ```ts
 * const clock = new ManualClock();
 * const hive = await createHive({ actors, clock });
 * await clock.advance(60_000); // all that a minute brings has happened
 * ```
 */
export class ManualClock implements Clock {
  #now: number;
  readonly #timers = new Set<ManualTimer>();

  /** @param start the time that it shows first. @throws BeeHiveError `InvalidConfiguration` when it is none. */
  constructor(start: Date | number = defaultStart) {
    this.#now = checkedNumber("ManualClock", "start", Number(start), date);
  }

  now(): number {
    return this.#now;
  }

  /** How many timers wait for their time. */
  get pending(): number {
    return this.#timers.size;
  }

  /** When the next timer is due, in ms since the epoch; `undefined` when none ever will be. */
  get next(): number | undefined {
    return this.#nextUntil(Number.MAX_VALUE)?.dueAt;
  }

  after(ms: number, callback: () => void): Timer {
    const timer: ManualTimer = { dueAt: this.#now + (ms > 0 ? ms : 0), callback };
    this.#timers.add(timer);
    return { cancel: () => void this.#timers.delete(timer) };
  }

  /**
   * Moves the time on by `ms` and runs the timers that are due, in the order of their times, each at its own time.
   * Between two of them, code that awaits gets on: what it does then, new timers too, happens at that time.
   * `advance(0)` only lets awaiting code get on.
   *
   * @throws BeeHiveError `InvalidConfiguration` when `ms` is no time.
   */
  async advance(ms: number): Promise<void> {
    checkedNumber("ManualClock.advance", "ms", ms, delay);
    const end = this.#now + ms;
    await settled();
    for (let next = this.#nextUntil(end); next; next = this.#nextUntil(end)) {
      this.#timers.delete(next);
      this.#now = Math.max(this.#now, next.dueAt);
      next.callback();
      await settled();
    }
    this.#now = end;
    await settled();
  }

  /** The first timer due by `end`; of several at one time the one that was set first. */
  #nextUntil(end: number): ManualTimer | undefined {
    let next: ManualTimer | undefined;
    for (const timer of this.#timers) {
      if (timer.dueAt <= end && (next === undefined || timer.dueAt < next.dueAt)) next = timer;
    }
    return next;
  }
}

/** Resolves when nothing is left that only waits for a resolved promise. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
