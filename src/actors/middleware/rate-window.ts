/** Parts of the span. A run counts until all of its part is too old, so that 2 percent of the limit are lost at most. */
const parts = 50;

/** The runs of one part of time. */
export interface RatePart {
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
export class RateWindow {
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
