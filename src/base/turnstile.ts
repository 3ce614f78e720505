/**
 * Lets one pass at a time, by name. Steps that collided on the same item run again one after the other:
 * together, all but one would collide again, so that n steps would take n * n runs.
 */
export class Turnstile {
  readonly #last = new Map<string, Promise<void>>();

  /** Whether anybody passes, or waits for a turn. */
  get occupied(): boolean {
    return this.#last.size > 0;
  }

  /** Resolves when it is one's turn, with the function that ends the turn. */
  async enter(name: string): Promise<() => void> {
    const before = this.#last.get(name);
    let leave = (): void => {};
    const mine = new Promise<void>((resolve) => {
      leave = resolve;
    });
    const last = before ? before.then(() => mine) : mine;
    this.#last.set(name, last);
    await before;
    return () => {
      leave();
      if (this.#last.get(name) === last) this.#last.delete(name);
    };
  }
}
