import type { Elastic } from "../../actors/elastic.ts";

/** A delivery that ended. */
export interface Ended {
  /** The time, in ms. */
  readonly now: number;
  /** The events in work, this one included. */
  readonly inFlight: number;
  readonly committed: boolean;
}

/** The throughput with one number of slots. */
interface Measured {
  readonly size: number;
  readonly perMs: number;
}

/** The share of its growth by which a larger size must raise the throughput. Less is a queue somewhere else. */
const minGain = 0.3;
/** The fewest deliveries and ms of a measurement. */
const minSamples = 16;
const minMs = 20;
/** The share of the slots in use, on average, from which the throughput tells about the size. */
const saturated = 0.8;
/** The most measurements between two trials. */
const maxRest = 16;

/**
 * Finds the number of slots of one subscription: the smallest beyond which more slots bring hardly more throughput.
 *
 * It measures the throughput, tries another size, measures again and keeps the better one, as the hill climbing of
 * the .NET thread pool (Hellerstein, Morrison and Eilebrecht, "Optimizing Concurrency Levels in the .NET ThreadPool",
 * 2008) and the exploring resizer of Akka do. It starts by doubling, as TCP does. By Little's law, throughput that
 * grows less than the slots is latency that grows: so the test also keeps latency, as the gradient of Netflix'
 * concurrency-limits does, without a latency at rest, which works of mixed length do not have.
 */
export class Resizer {
  readonly #limits: Elastic;
  #size: number;
  /** The size to return to; `undefined` before the first measurement. */
  #base: Measured | undefined;
  #direction: 1 | -1 = 1;
  #trying = false;
  #doubling = true;
  #rejected = 0;
  /** The measurements until the next trial. */
  #rest = 0;
  /** The most events in work since the last {@link rest}. */
  #peak = 0;
  // The measurement under way.
  #warmUp: number;
  #since = 0;
  #samples = 0;
  #committed = 0;
  #inFlight = 0;

  constructor(limits: Elastic) {
    this.#limits = limits;
    this.#size = limits.min;
    this.#warmUp = limits.min;
  }

  get size(): number {
    return this.#size;
  }

  /** Notes a delivery that ended, and returns the size from now on. */
  ended({ now, inFlight, committed }: Ended): number {
    this.#peak = Math.max(this.#peak, inFlight);
    // The first deliveries after a change began with the size before.
    if (this.#warmUp > 0) {
      this.#warmUp--;
      this.#since = now;
      return this.#size;
    }
    this.#samples++;
    this.#inFlight += inFlight;
    if (committed) this.#committed++;
    const ms = now - this.#since;
    if (this.#samples < Math.max(minSamples, 2 * this.#size) || ms < minMs) return this.#size;
    const isSaturated = this.#inFlight / this.#samples >= saturated * this.#size;
    const measured = { size: this.#size, perMs: this.#committed / ms };
    this.#measureAnew(now, 0);
    if (isSaturated) this.#decide(measured, now);
    else if (this.#trying) this.#reject(now);
    return this.#size;
  }

  /** Shrinks a size of which less than half was used since the last call, and returns it. Call it now and then. */
  rest(now: number): number {
    const peak = this.#peak;
    this.#peak = 0;
    if (peak > this.#size / 2) return this.#size;
    this.#resize(Math.max(this.#limits.min, Math.ceil(this.#size / 2)), now);
    this.#trying = false;
    this.#doubling = true;
    this.#direction = 1;
    this.#rejected = 0;
    this.#rest = 0;
    return this.#size;
  }

  #decide(measured: Measured, now: number): void {
    if (!this.#trying || !this.#base) {
      this.#base = measured;
      if (this.#rest-- <= 0) this.#try(now);
      return;
    }
    const [small, large] = measured.size > this.#base.size ? [this.#base, measured] : [measured, this.#base];
    const isBetter = (this.#direction === 1) === pays(small, large);
    if (!isBetter) return this.#reject(now);
    this.#base = measured;
    this.#rejected = 0;
    this.#try(now);
  }

  /** Tries another size, in the other direction at a bound. */
  #try(now: number): void {
    this.#trying = false;
    const { min, max } = this.#limits;
    if (this.#size >= max) this.#direction = -1;
    if (this.#size <= min) this.#direction = 1;
    const step = this.#doubling && this.#direction === 1 ? this.#size : Math.max(1, Math.round(this.#size / 4));
    const next = Math.min(max, Math.max(min, this.#size + this.#direction * step));
    if (next === this.#size) return;
    this.#trying = true;
    this.#resize(next, now);
  }

  /**
   * Returns to the size before the trial. The next trial goes the other way, after a longer rest each time; after a
   * doubling it takes a smaller step.
   */
  #reject(now: number): void {
    this.#trying = false;
    if (!this.#doubling) this.#direction = this.#direction === 1 ? -1 : 1;
    this.#doubling = false;
    this.#rest = Math.min(maxRest, 2 ** this.#rejected++);
    this.#resize(this.#base?.size ?? this.#size, now);
  }

  #resize(size: number, now: number): void {
    const before = this.#size;
    this.#size = size;
    this.#measureAnew(now, Math.max(before, size));
  }

  #measureAnew(now: number, warmUp: number): void {
    this.#warmUp = warmUp;
    this.#since = now;
    this.#samples = 0;
    this.#committed = 0;
    this.#inFlight = 0;
  }
}

/** Returns whether the larger size brings enough throughput for its slots. */
function pays(small: Measured, large: Measured): boolean {
  if (small.perMs === 0) return large.perMs > 0;
  return large.perMs / small.perMs - 1 >= minGain * (large.size / small.size - 1);
}
