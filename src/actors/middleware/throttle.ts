import { sleep } from "../../base/clock.ts";
import type { Middleware } from "../actor.ts";
import { checkedNumber } from "../../base/checked-number.ts";
import { time, wholeNumber } from "../../base/numbers.ts";
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
  checkedNumber("throttle", "limit", limit, wholeNumber(1));
  checkedNumber("throttle", "per", per, time);
  return perClock((clock) => {
    /** When the latest runs start, in ms since the epoch: some of them in the future. */
    let starts: number[] = [];
    let seen = -Infinity;
    return async (_event, { signal }, next) => {
      const now = clock.now();
      // A clock that was put back takes the starts with it: nobody waits for the time that it lost.
      const lost = Math.max(0, seen - now);
      if (lost > 0) starts = starts.map((start) => start - lost);
      seen = now;
      const oldest = starts.length < limit ? -Infinity : (starts.shift() ?? -Infinity);
      const start = Math.max(now, oldest + per);
      starts.push(start);
      if (start > now) await sleep(clock, start - now, signal);
      signal.throwIfAborted();
      return next();
    };
  });
}
