import { checkedDuration, checkedNumber, checkedOptions } from "../../base/checked-number.ts";
import type { Duration } from "../../base/duration.ts";
import { OverLimit } from "../../base/errors.ts";
import { time, type NumberRule } from "../../base/numbers.ts";
import type { HeldLock, LockStore } from "../../contract/stores.ts";
import type { Middleware } from "../actor.ts";
import { limitId, type LimitName } from "./limit-id.ts";
import { withSignal } from "./run-through.ts";

/** The options of {@link concurrency}. */
export interface ConcurrencyOptions extends LimitName {
  /** Runs at the same time, in all processes together; from 1 to 100. */
  readonly max: number;
  /** The delay of an event that finds no place. @default "1s" */
  readonly retryAfter?: Duration | undefined;
  /** How long a place outlives a process that died. Whole seconds from 15 to 60 on Azure. @default 30_000 */
  readonly ttl?: Duration | undefined;
}

const maxPlaces = 100;
const places: NumberRule = {
  must: `a whole number from 1 to ${maxPlaces}`,
  holds: (value) => Number.isSafeInteger(value) && value >= 1 && value <= maxPlaces,
};

/**
 * Runs at most `max` events at the same time, in all processes together: for each key, where there is one.
 *
 * Each run holds one of `max` locks of the provider. An event that finds none free goes back to its queue for
 * `retryAfter`, and counts no attempt. The signal of the run aborts when its lock is lost.
 *
 * @example
 * const onePerTenant = concurrency({ max: 1, key: (event) => String(event.properties["tenant"]) });
 * @actorDescription("ReportWanted-Report", { middleware: [onePerTenant] })
 * @throws BeeHiveError `InvalidConfiguration` when an option is no count or no length of time.
 */
export function concurrency(options: ConcurrencyOptions): Middleware {
  checkedOptions("concurrency", options);
  const { max, retryAfter = 1_000, ttl = 30_000 } = options;
  checkedNumber("concurrency", "max", max, places);
  const delayMs = checkedDuration("concurrency", "retryAfter", retryAfter, time);
  checkedDuration("concurrency", "ttl", ttl, time);
  /** The places that this process holds: it need not ask for them. */
  const held = new WeakMap<LockStore, Set<string>>();
  let runs = 0;
  return async (event, context, next) => {
    const { locks } = context.stores;
    const id = limitId(options, event, context);
    const own = held.get(locks) ?? new Set<string>();
    held.set(locks, own);
    const from = runs++;
    for (let n = 0; n < max; n++) {
      const place = `HiveConcurrency/${id}/${(from + n) % max}`;
      if (own.has(place)) continue;
      own.add(place);
      let lock: HeldLock | undefined;
      try {
        lock = await locks.tryLock(place, { ttl });
        if (lock) return await next(withSignal(context, AbortSignal.any([context.signal, lock.signal])));
      } finally {
        await lock?.release();
        own.delete(place);
      }
    }
    throw new OverLimit(delayMs, `${max} runs of ${context.descriptor.name} are under way, all that may be`);
  };
}
