import { createHash } from "node:crypto";
import { checkedDuration, checkedNumber, checkedOptions } from "../../base/checked-number.ts";
import { sleep } from "../../base/clock.ts";
import type { Duration } from "../../base/duration.ts";
import { OverLimit } from "../../base/errors.ts";
import { time, wholeNumber, type NumberRule } from "../../base/numbers.ts";
import { maxKey } from "../../contract/keys.ts";
import type { HeldLock, LockStore, Stores } from "../../contract/stores.ts";
import type { Event } from "../../events/event.ts";
import type { ActorContext, Middleware } from "../actor.ts";
import { Limiter, type Rate } from "./limiter.ts";
import { withSignal } from "./run-through.ts";

/*
 * Limits that all processes keep together, through the stores of the provider. An event over a limit goes back to its
 * queue without an attempt.
 */

/** The options that name a limit. */
export interface LimitName {
  /**
   * Returns the key of an event, such as its tenant. Each key has a limit of its own.
   *
   * @default one limit for all events
   */
  readonly key?: ((event: Event) => string | undefined) | undefined;
  /** The name of the limit. Actors that give the same name share it. @default the name of the actor */
  readonly name?: string | undefined;
}

/** Returns the id of the limit of an event, as a key of stores. */
function limitId({ key, name }: LimitName, event: Event, { descriptor }: ActorContext): string {
  const of = key?.(event);
  const id = `${name ?? descriptor.name}/${of ?? ""}`;
  // oxlint-disable-next-line no-control-regex -- control characters cannot be in a key
  if (id.length <= maxKey - 10 && !/[\u0000-\u001f\u007f-\u009f]/.test(id) && id.isWellFormed()) return id;
  return createHash("sha256").update(id).digest("hex");
}

/** The options of {@link rateLimit}. */
export interface RateLimitOptions extends LimitName {
  /** Runs that may start within `per`; at least 1. */
  readonly limit: number;
  /** @default 1_000 */
  readonly per?: Duration | undefined;
}

/** A wait up to this long is spent with the event leased, in ms: to give it back costs more. */
const maxHeldMs = 100;

/**
 * Starts at most `limit` runs within any span of `per`, in all processes together.
 *
 * An event over the limit goes back to its queue, with a delay until its turn, and counts no attempt. Each run asks the
 * stores of the provider once; runs that start together share the request. The clocks of the processes should agree.
 *
 * @example
 * const perTenant = rateLimit({ limit: 100, per: "1m", key: (event) => String(event.properties["tenant"]) });
 * @actorDescription("OrderAccepted-Payment", { middleware: [perTenant] })
 * @throws BeeHiveError `InvalidConfiguration` when an option is no count or no length of time.
 */
export function rateLimit(options: RateLimitOptions): Middleware {
  checkedOptions("rateLimit", options);
  const { limit, per = 1_000 } = options;
  checkedNumber("rateLimit", "limit", limit, wholeNumber(1));
  const rate: Rate = { limit, perMs: checkedDuration("rateLimit", "per", per, time) };
  const limiters = new WeakMap<Stores, Map<string, Limiter>>();
  return async (event, context, next) => {
    const { stores, clock, signal } = context;
    const id = limitId(options, event, context);
    const known = limiters.get(stores) ?? new Map<string, Limiter>();
    limiters.set(stores, known);
    const limiter = known.get(id) ?? new Limiter(id, rate, stores, clock, () => void known.delete(id));
    known.set(id, limiter);
    for (;;) {
      const waitMs = await limiter.take();
      signal.throwIfAborted();
      if (waitMs === 0) return next();
      if (waitMs > maxHeldMs) throw new OverLimit(waitMs, `the limit of ${limit} runs in ${rate.perMs} ms is reached`);
      await sleep(clock, waitMs, signal);
    }
  };
}

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
