/** The window is kept in so many parts: one counts until all of it is too old. */
const parts = 10;

interface Part {
  readonly from: number;
  calls: number;
  failures: number;
}

/** Counts calls and failures of the last `within` ms; in memory of a fixed size, however many there are. */
export class CallWindow {
  readonly #within: number;
  #parts: Part[] = [];

  constructor(within: number) {
    this.#within = within;
  }

  add(now: number, failed: boolean): void {
    // What a clock that was put back left in the future is dropped as well.
    this.#parts = this.#parts.filter(({ from }) => from <= now && now - from < this.#within);
    let last = this.#parts.at(-1);
    if (!last || now - last.from >= this.#within / parts)
      this.#parts.push((last = { from: now, calls: 0, failures: 0 }));
    last.calls++;
    if (failed) last.failures++;
  }

  get calls(): number {
    return this.#parts.reduce((sum, { calls }) => sum + calls, 0);
  }

  get failures(): number {
    return this.#parts.reduce((sum, { failures }) => sum + failures, 0);
  }

  clear(): void {
    this.#parts = [];
  }
}
