/**
 * Time as deliveries, leases, retries, locks and pulsers see it: a test can hand the hive a clock of its own. The machine's own
 * is used for what is only told: when an event was made, and how long a delivery took.
 */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Calls `callback` once after `ms` milliseconds; longer waits than a timer can hold are split. */
  after(ms: number, callback: () => void): Timer;
}

/** A pending call of {@link Clock.after}. */
export interface Timer {
  cancel(): void;
}

/** The longest delay that a Node timer takes; past it the callback would run at once. */
const maxTimerMs = 2 ** 31 - 1;

class SystemTimer implements Timer {
  #handle: NodeJS.Timeout;

  constructor(ms: number, callback: () => void) {
    this.#handle = this.#wait(ms, callback);
  }

  #wait(ms: number, callback: () => void): NodeJS.Timeout {
    if (ms <= maxTimerMs) return setTimeout(callback, ms);
    return setTimeout(() => {
      this.#handle = this.#wait(ms - maxTimerMs, callback);
    }, maxTimerMs);
  }

  cancel(): void {
    clearTimeout(this.#handle);
  }
}

/** The clock of the machine. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after: (ms, callback) => new SystemTimer(Math.max(0, ms), callback),
};

/**
 * Calls `callback` once the event loop has dealt with all that is ready now: what is asked for within one turn can
 * then be done together. Not a matter of time, so it is no part of {@link Clock}.
 */
export function afterThisTurn(callback: () => void): void {
  setImmediate(callback);
}

/** Resolves after `ms` milliseconds, or as soon as `signal` aborts: it never rejects. */
export function sleep(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      timer.cancel();
      signal?.removeEventListener("abort", done);
      resolve();
    };
    const timer = clock.after(ms, done);
    signal?.addEventListener("abort", done, { once: true });
  });
}

/** Resolves when `work` has ended, well or not, but after `ms` milliseconds at the latest: it never rejects. */
export async function waitFor(work: Promise<unknown>, clock: Clock, ms: number): Promise<void> {
  const ended = new AbortController();
  const end = (): void => ended.abort();
  work.then(end, end);
  await sleep(clock, ms, ended.signal);
}
