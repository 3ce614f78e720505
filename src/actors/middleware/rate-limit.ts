import { checkedDuration, checkedNumber, checkedOptions } from "../../base/checked-number.ts";
import { sleep, type Clock } from "../../base/clock.ts";
import type { Duration } from "../../base/duration.ts";
import { isBeeHiveError, OverLimit } from "../../base/errors.ts";
import { time, wholeNumber } from "../../base/numbers.ts";
import type { CollectionStore, Identified, Stores } from "../../contract/stores.ts";
import type { Middleware } from "../actor.ts";
import { limitId, type LimitName } from "./limit-id.ts";
import { RateWindow, type Rate, type RatePart } from "./rate-window.ts";

/** The options of {@link rateLimit}. */
export interface RateLimitOptions extends LimitName {
  /** Runs that may start within `per`; at least 1. */
  readonly limit: number;
  /** @default 1_000 */
  readonly per?: Duration | undefined;
}

/** The state of one limit in the stores. */
interface RateState extends Identified {
  readonly parts: readonly RatePart[];
}

/** A wait up to this long is spent with the event leased, in ms: to give it back costs more. */
const maxHeldMs = 100;
/** Waits of this process that are remembered, so that events do not all come back at once. */
const maxBooked = 10_000;

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
