import { sleep, type Clock } from "../../../src/base/clock.ts";
import { Turnstile } from "../../../src/base/turnstile.ts";
import type { CounterStore, IncrementOptions } from "../../../src/contract/stores.ts";
import { RowCounterStore, type CounterRows } from "../../../src/provider-kit/row-stores/counter-store.ts";
import type { AtomicRows } from "../../../src/provider-kit/rows.ts";
import type { OnceKeys } from "./once-keys.ts";

/** The longest wait after a collision with another process, in ms. */
const maxWaitMs = 200;

/**
 * Counters in Table storage. An increment reads, adds, and writes if nothing has changed; otherwise it repeats.
 *
 * Within a process, increments of one counter take turns. After a collision with another process, a growing random wait
 * follows.
 */
export class TableCounterStore implements CounterStore {
  readonly #rows: AtomicRows;
  readonly #clock: Clock;
  readonly #onceKeys: OnceKeys;
  readonly #turnstile = new Turnstile();

  constructor(rows: AtomicRows, clock: Clock, onceKeys: OnceKeys) {
    this.#rows = rows;
    this.#clock = clock;
    this.#onceKeys = onceKeys;
  }

  get(name: string, id: string): Promise<number> {
    return new RowCounterStore(this.#rows, this.#clock).get(name, id);
  }

  async increment(name: string, id: string, delta: number, options?: IncrementOptions): Promise<number> {
    const value = await this.#increment(name, id, delta, options);
    if (options?.once !== undefined) await this.#onceKeys.prune(name, id);
    return value;
  }

  async #increment(name: string, id: string, delta: number, options?: IncrementOptions): Promise<number> {
    const leave = await this.#turnstile.enter(`${name}\n${id}`);
    try {
      return await new RowCounterStore(this.#patientRows(), this.#clock).increment(name, id, delta, options);
    } finally {
      leave();
    }
  }

  /** Returns the rows for one increment, in which a write that collides waits before it returns. */
  #patientRows(): CounterRows {
    let collisions = 0;
    const rows = this.#rows;
    return {
      get: (key) => rows.get(key),
      writeAtomically: async (changes) => {
        const conflict = await rows.writeAtomically(changes);
        if (conflict) await sleep(this.#clock, Math.random() * Math.min(maxWaitMs, 5 * 2 ** ++collisions));
        return conflict;
      },
    };
  }
}
