import { createHash } from "node:crypto";
import { checkedDuration, checkedNumber, checkedOptions } from "../../base/checked-number.ts";
import { sleep, type Clock } from "../../base/clock.ts";
import type { Duration } from "../../base/duration.ts";
import { isBeeHiveError, OverLimit } from "../../base/errors.ts";
import { time, wholeNumber, type NumberRule } from "../../base/numbers.ts";
import { maxKey } from "../../contract/keys.ts";
import type { CollectionStore, HeldLock, Identified, LockStore, Stores } from "../../contract/stores.ts";
import type { Event } from "../../events/event.ts";
import type { ActorContext, Middleware } from "../actor.ts";
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

/** Parts of the span. A run counts until all of its part is too old, so that 2 percent of the limit are lost at most. */
const parts = 50;

/** The runs of one part of time. */
interface RatePart {
  /** The number of the part since the epoch. */
  readonly at: number;
  readonly runs: number;
}

/** The limit of a {@link RateWindow}. */
interface Rate {
  readonly limit: number;
  readonly perMs: number;
}

/** The runs of the last span, in parts: at most `limit` within any span of `perMs`. */
class RateWindow {
  readonly #rate: Rate;
  readonly #now: number;
  readonly #partMs: number;
  readonly #parts: RatePart[];

  /** @param known Those of an earlier window. @param now In ms since the epoch. */
  constructor(rate: Rate, known: readonly RatePart[], now: number) {
    this.#rate = rate;
    this.#now = now;
    this.#partMs = Math.max(1, Math.ceil(rate.perMs / parts));
    const current = this.#current;
    // A part in the future was made by a process whose clock is ahead: it counts from now.
    this.#parts = known
      .map(({ at, runs }) => ({ at: Math.min(at, current), runs }))
      .filter((part) => this.#endOf(part) > now);
  }

  get #current(): number {
    return Math.floor(this.#now / this.#partMs);
  }

  /** Returns when a part counts no more. */
  #endOf({ at }: RatePart): number {
    return (at + 1) * this.#partMs + this.#rate.perMs;
  }

  /** Counts up to `wanted` runs that start now. Returns how many may start. */
  start(wanted: number): number {
    const counted = this.#parts.reduce((sum, { runs }) => sum + runs, 0);
    const started = Math.max(0, Math.min(wanted, this.#rate.limit - counted));
    if (started === 0) return 0;
    const last = this.#parts.at(-1);
    if (last?.at === this.#current) this.#parts[this.#parts.length - 1] = { at: last.at, runs: last.runs + started };
    else this.#parts.push({ at: this.#current, runs: started });
    return started;
  }

  /** Returns the wait of a run behind `ahead` others that wait, in ms. Call it when no run may start. */
  waitOf(ahead: number): number {
    const { limit, perMs } = this.#rate;
    const rounds = Math.floor(ahead / limit);
    let left = ahead % limit;
    for (const part of this.#parts) {
      if (left < part.runs) return this.#endOf(part) - this.#now + rounds * (perMs + this.#partMs);
      left -= part.runs;
    }
    return (rounds + 1) * (perMs + this.#partMs);
  }

  /** The parts, for the next window. */
  get parts(): readonly RatePart[] {
    return this.#parts;
  }
}

/** The state of one limit in the stores. */
interface RateState extends Identified {
  readonly parts: readonly RatePart[];
}

/** Waits of this process that are remembered, so that events do not all come back at once. */
const maxBooked = 10_000;

/** The runs of this process on one limit. Those that come while a request is under way share the next one. */
class Limiter {
  readonly #id: string;
  readonly #rate: Rate;
  readonly #states: CollectionStore<RateState>;
  readonly #clock: Clock;
  readonly #idle: () => void;
  #waiting: ((waitMs: number) => void)[] = [];
  #failing: ((error: unknown) => void)[] = [];
  #asking = false;
  /** When the events come back that this process has given back, in ms since the epoch. */
  #booked: number[] = [];

  /** @param idle Called when the limiter remembers nothing. */
  constructor(id: string, rate: Rate, stores: Stores, clock: Clock, idle: () => void) {
    this.#id = id;
    this.#rate = rate;
    this.#states = stores.collection<RateState>("HiveRates");
    this.#clock = clock;
    this.#idle = idle;
  }

  /** Returns 0 when the run may start now, else the time to wait, in ms. */
  take(): Promise<number> {
    const taken = new Promise<number>((resolve, reject) => {
      this.#waiting.push(resolve);
      this.#failing.push(reject);
    });
    if (!this.#asking) void this.#askAll();
    return taken;
  }

  async #askAll(): Promise<void> {
    this.#asking = true;
    while (this.#waiting.length > 0) {
      const [waiting, failing] = [this.#waiting.splice(0), this.#failing.splice(0)];
      try {
        const waits = await this.#ask(waiting.length);
        waiting.forEach((resolve, index) => resolve(waits[index] ?? 0));
      } catch (error) {
        for (const reject of failing) reject(error);
      }
    }
    this.#asking = false;
    if (this.#booked.length === 0) this.#idle();
  }

  /** Returns the waits of runs, 0 for those that start now. */
  async #ask(wanted: number): Promise<readonly number[]> {
    for (;;) {
      const state = await this.#states.find(this.#id);
      const now = this.#clock.now();
      const window = new RateWindow(this.#rate, state?.parts ?? [], now);
      const started = window.start(wanted);
      if (started > 0 && !(await this.#write({ ...state, id: this.#id, parts: window.parts }))) continue;
      this.#booked = this.#booked.filter((until) => until > now);
      return Array.from({ length: wanted }, (_, index) => (index < started ? 0 : this.#book(window, now)));
    }
  }

  #book(window: RateWindow, now: number): number {
    const waitMs = Math.max(1, window.waitOf(this.#booked.length));
    if (this.#booked.length < maxBooked) this.#booked.push(now + waitMs);
    return waitMs;
  }

  /** Writes the state. Returns false if another process was faster. */
  async #write(state: RateState): Promise<boolean> {
    try {
      if (state.etag === undefined) return (await this.#states.insertIfAbsent(state)) !== undefined;
      await this.#states.update(state);
      return true;
    } catch (error) {
      if (isBeeHiveError(error, "ConcurrencyConflict") || isBeeHiveError(error, "NotFound")) return false;
      throw error;
    }
  }
}
