import { checkedDuration, checkedNumber } from "../base/checked-number.ts";
import type { Clock, Timer } from "../base/clock.ts";
import type { Duration } from "../base/duration.ts";
import { delay, type NumberRule } from "../base/numbers.ts";

interface ManualTimer {
  readonly dueAt: number;
  readonly callback: () => void;
}

/** The default start, far from the time of the machine so that a mix-up shows. */
const defaultStart = Date.UTC(2020, 0, 1);
const date: NumberRule = { must: "a date", holds: (value) => !Number.isNaN(new Date(value).getTime()) };

/**
 * A clock that stands still until a test advances it. A test of hours takes no time and runs the same way each time.
 *
 * @example
 * const clock = new ManualClock();
 * const hive = await createHive({ actors, clock });
 * await clock.advance("1m"); // everything due within a minute has happened
 */
export class ManualClock implements Clock {
  #now: number;
  readonly #timers = new Set<ManualTimer>();

  /** @param start The first time of the clock. @throws BeeHiveError `InvalidConfiguration` when it is no date. */
  constructor(start: Date | number = defaultStart) {
    this.#now = checkedNumber("ManualClock", "start", Number(start), date);
  }

  now(): number {
    return this.#now;
  }

  /** The number of timers that are not due yet. */
  get pending(): number {
    return this.#timers.size;
  }

  /** When the next timer is due, in ms since the epoch; `undefined` without timers. */
  get next(): number | undefined {
    return this.#nextUntil(Number.MAX_VALUE)?.dueAt;
  }

  after(ms: number, callback: () => void): Timer {
    const timer: ManualTimer = { dueAt: this.#now + (ms > 0 ? ms : 0), callback };
    this.#timers.add(timer);
    return { cancel: () => void this.#timers.delete(timer) };
  }

  /**
   * Advances the time, and runs due timers in order, each at its own time.
   *
   * Awaiting code runs between two timers, and sees the time of the first. `advance(0)` only lets awaiting code run.
   *
   * @throws BeeHiveError `InvalidConfiguration` when `by` is no length of time.
   * @example
   * await clock.advance("7d");
   */
  async advance(by: Duration): Promise<void> {
    const end = this.#now + checkedDuration("ManualClock.advance", "by", by, delay);
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

  /** Returns the first timer due by `end`; of several at one time, the first that was set. */
  #nextUntil(end: number): ManualTimer | undefined {
    let next: ManualTimer | undefined;
    for (const timer of this.#timers) {
      if (timer.dueAt <= end && (next === undefined || timer.dueAt < next.dueAt)) next = timer;
    }
    return next;
  }
}

/** Turns of the event loop that a hive waits for, at most, between a timer and the next: polls give way now and then. */
const turns = 3;

/** Resolves when nothing is left that only waits for resolved promises and {@link turns} of the event loop. */
async function settled(): Promise<void> {
  for (let n = 0; n < turns; n++) await new Promise((resolve) => setImmediate(resolve));
}
