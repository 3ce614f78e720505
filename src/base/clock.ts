import { Latch } from "./latch.ts";

/**
 * The time of deliveries, leases, retries, locks and pulsers. Tests hand a clock of their own to the hive.
 *
 * System time is used only for values that are reported, never acted on: an event's timestamp, a delivery's duration.
 */
export interface Clock {
  /** Returns the time in ms since the epoch. */
  now(): number;
  /** Calls `callback` once after `ms` milliseconds, of any number. */
  after(ms: number, callback: () => void): Timer;
}

/** A pending call of {@link Clock.after}. */
export interface Timer {
  /** Cancels the call, if it is still pending. */
  cancel(): void;
  /** Lets the process end before the call. @default The clock keeps no process. */
  unref?(): void;
}

/** The longest delay of a Node timer: with a longer one it would call at once. */
const maxTimerMs = 2 ** 31 - 1;

class SystemTimer implements Timer {
  #handle: NodeJS.Timeout;
  #keepsProcess = true;

  constructor(ms: number, callback: () => void) {
    this.#handle = this.#wait(ms, callback);
  }

  #wait(ms: number, callback: () => void): NodeJS.Timeout {
    if (ms <= maxTimerMs) return setTimeout(callback, ms);
    return setTimeout(() => {
      this.#handle = this.#wait(ms - maxTimerMs, callback);
      if (!this.#keepsProcess) this.#handle.unref();
    }, maxTimerMs);
  }

  unref(): void {
    this.#keepsProcess = false;
    this.#handle.unref();
  }

  cancel(): void {
    clearTimeout(this.#handle);
  }
}

/** The clock of the machine; the default of a hive. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after: (ms, callback) => new SystemTimer(Math.max(0, ms), callback),
};

/**
 * Calls `callback` after this turn of the event loop, to handle requests of a turn together.
 *
 * Not a matter of time, so it is no part of {@link Clock}.
 */
export function afterThisTurn(callback: () => void): void {
  setImmediate(callback);
}

/** Resolves after `ms` milliseconds, or when `signal` aborts. Never rejects. */
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

/** Returns the outcome of `work`, or the result of `late` if it takes longer than `ms`. */
export async function withTimeLimit<T, L>(work: Promise<T>, clock: Clock, ms: number, late: () => L): Promise<T | L> {
  const over = new Latch<void>();
  const timer = clock.after(ms, () => over.resolve());
  try {
    return await Promise.race([work, over.promise.then(late)]);
  } finally {
    timer.cancel();
  }
}

/** Resolves when `work` settles, after `ms` milliseconds at the latest. Never rejects. */
export async function waitFor(work: Promise<unknown>, clock: Clock, ms: number): Promise<void> {
  const nothing = (): void => {};
  await withTimeLimit(work.then(nothing, nothing), clock, ms, nothing);
}
