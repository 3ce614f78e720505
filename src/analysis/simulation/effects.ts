/** The calls of one run to the outside world. */
export class Effects {
  /** The number of calls by name and key that had an effect. */
  readonly counts: Map<string, number> = new Map();
  readonly #results = new Map<string, unknown>();

  /** Calls the outside world, or returns the first result of an idempotent call that was made before. */
  async make(name: string, idempotent: boolean, call: () => unknown): Promise<unknown> {
    if (idempotent && this.#results.has(name)) return this.#results.get(name);
    this.counts.set(name, (this.counts.get(name) ?? 0) + 1);
    const result = await call();
    if (idempotent) this.#results.set(name, result);
    return result;
  }
}
