import type { Clock } from "../../base/clock.ts";
import { isBeeHiveError } from "../../base/errors.ts";
import type { CollectionStore, Identified, Stores } from "../../contract/stores.ts";

/** Parts of the span. A run counts until all of its part is too old, so that 2 percent of the limit are lost at most. */
const parts = 50;

/** The runs of one part of time. */
interface RatePart {
  /** The number of the part since the epoch. */
  readonly at: number;
  readonly runs: number;
}

/** The limit of a {@link RateWindow}. */
export interface Rate {
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
export class Limiter {
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
