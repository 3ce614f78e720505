/** Parts of the window. A part counts until all of it is too old. */
const parts = 10;

interface Part {
  readonly from: number;
  calls: number;
  failures: number;
}

/** Counts calls and failures of the last `withinMs`, in memory of a fixed size. */
export class CallWindow {
  readonly #withinMs: number;
  #parts: Part[] = [];

  constructor(withinMs: number) {
    this.#withinMs = withinMs;
  }

  add(now: number, failed: boolean): void {
    // Parts in the future were made before the clock was put back; drop them as well.
    this.#parts = this.#parts.filter(({ from }) => from <= now && now - from < this.#withinMs);
    let last = this.#parts.at(-1);
    if (!last || now - last.from >= this.#withinMs / parts)
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
