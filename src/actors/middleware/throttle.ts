import { checkedDuration, checkedNumber, checkedOptions } from "../../base/checked-number.ts";
import { sleep } from "../../base/clock.ts";
import { time, wholeNumber } from "../../base/numbers.ts";
import type { Middleware } from "../actor.ts";
import { perClock } from "./per-clock.ts";
import type { ThrottleOptions } from "./throttle-options.ts";

/**
 * Starts at most `limit` runs within any span of `per`, in this process.
 *
 * Actors that share the middleware share the limit. A run above the limit waits, and its lease is renewed meanwhile;
 * the wait ends when the lease is lost or the stopping hive abandons the event.
 *
 * @example
 * const gateway = throttle({ limit: 100, per: "1m" });
 * @actorDescription("OrderAccepted-Payment", { middleware: [gateway] })
 * @throws BeeHiveError `InvalidConfiguration` when an option is no count or no length of time.
 */
export function throttle(options: ThrottleOptions): Middleware {
  checkedOptions("throttle", options);
  const { limit, per = 1_000 } = options;
  checkedNumber("throttle", "limit", limit, wholeNumber(1));
  const perMs = checkedDuration("throttle", "per", per, time);
  return perClock((clock) => {
    /** Start times of the latest runs, in ms since the epoch; some lie in the future. */
    let starts: number[] = [];
    let seen = -Infinity;
    return async (_event, { signal }, next) => {
      const now = clock.now();
      // Move the starts with a clock that was put back, so that no run waits for the time that it lost.
      const lost = Math.max(0, seen - now);
      if (lost > 0) starts = starts.map((start) => start - lost);
      seen = now;
      const oldest = starts.length < limit ? -Infinity : (starts.shift() ?? -Infinity);
      const start = Math.max(now, oldest + perMs);
      starts.push(start);
      if (start > now) await sleep(clock, start - now, signal);
      signal.throwIfAborted();
      return next();
    };
  });
}
