import { sleep } from "../clock.ts";
import type { Middleware } from "../actor.ts";
import { assertOption, isCount, isTime } from "./options.ts";
import { perClock } from "./per-clock.ts";

export interface ThrottleOptions {
  /** How many runs may start within `per` ms; at least 1. */
  readonly limit: number;
  /** In ms; 1,000 unless given. */
  readonly per?: number | undefined;
}

/**
 * Starts no more than `limit` runs within any `per` milliseconds, in this process, over all actors that share the
 * middleware, but for hives with a clock of their own. What is too much waits, and its lease is renewed meanwhile; a wait
 * ends when the lease is lost or the hive gives the event back.
 *
 * @throws BeeHiveError `InvalidConfiguration` when an option is no count or no time.
 */
export function throttle({ limit, per = 1_000 }: ThrottleOptions): Middleware {
  assertOption(isCount(limit), "throttle", "limit", "a whole number from 1", limit);
  assertOption(isTime(per), "throttle", "per", "more than 0 ms", per);
  return perClock((clock) => {
    /** When the latest runs start, in ms since the epoch: some of them in the future. */
    const starts: number[] = [];
    return async (_event, { signal }, next) => {
      const now = clock.now();
      const oldest = starts.length < limit ? -Infinity : (starts.shift() ?? -Infinity);
      const start = Math.max(now, oldest + per);
      starts.push(start);
      if (start > now) await sleep(clock, start - now, signal);
      signal.throwIfAborted();
      return next();
    };
  });
}
