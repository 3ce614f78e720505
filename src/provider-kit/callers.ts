import type { Clock } from "../base/clock.ts";

/** A caller who waits for results, see {@link Callers}. */
export interface Caller<W, T> {
  readonly wanted: W;
  /** The end of the wait, in ms since the epoch. */
  readonly endsAt: number;
  readonly resolve: (results: T[]) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Callers who each wait for results of their own, first come, first served.
 *
 * A caller leaves with its results or its error; with none at the end of its time, or when its signal aborts.
 */
export class Callers<W, T> implements Iterable<Caller<W, T>> {
  readonly #clock: Clock;
  readonly #mayLeave: () => boolean;
  readonly #all = new Set<Caller<W, T>>();

  /** @param mayLeave Whether callers leave at the end of their time. @default always */
  constructor(clock: Clock, mayLeave: () => boolean = () => true) {
    this.#clock = clock;
    this.#mayLeave = mayLeave;
  }

  get size(): number {
    return this.#all.size;
  }

  [Symbol.iterator](): Iterator<Caller<W, T>> {
    return this.#all[Symbol.iterator]();
  }

  wait(wanted: W, waitMs: number, signal: AbortSignal): Promise<T[]> {
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        this.#all.delete(caller);
        timer.cancel();
        signal.removeEventListener("abort", give);
      };
      const give = (): void => caller.resolve([]);
      const caller: Caller<W, T> = {
        wanted,
        endsAt: this.#clock.now() + waitMs,
        resolve: (results) => {
          leave();
          resolve(results);
        },
        reject: (error) => {
          leave();
          // Errors of an SDK pass unchanged.
          // oxlint-disable-next-line typescript/prefer-promise-reject-errors
          reject(error);
        },
      };
      const timer = this.#clock.after(waitMs, () => {
        if (this.#mayLeave()) give();
      });
      signal.addEventListener("abort", give, { once: true });
      this.#all.add(caller);
    });
  }

  /** Sends away the callers whose time has ended. */
  endWaits(): void {
    const now = this.#clock.now();
    for (const caller of this.#all) if (caller.endsAt <= now) caller.resolve([]);
  }

  /** Sends away all callers. */
  close(): void {
    for (const caller of this.#all) caller.resolve([]);
  }
}
