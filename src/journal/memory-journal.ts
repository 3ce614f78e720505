import type { Journal, JournalEntry, JournalFilter } from "./journal.ts";

/** The last entries, in the memory of this process: a ring, so that an entry costs the same however many there were. */
export class MemoryJournal implements Journal {
  readonly #ring: JournalEntry[] = [];
  readonly #most: number;
  /** Where the next entry goes. */
  #next = 0;

  constructor(most: number) {
    this.#most = most;
  }

  append(entry: JournalEntry): void {
    this.#ring[this.#next] = entry;
    this.#next = this.#next + 1 === this.#most ? 0 : this.#next + 1;
  }

  async *read({ since = -Infinity, until = Infinity }: JournalFilter = {}): AsyncGenerator<
    JournalEntry,
    void,
    undefined
  > {
    // As it is now: what is appended while somebody reads would overwrite what they still have to read.
    const newestFirst = [...this.#ring.slice(this.#next), ...this.#ring.slice(0, this.#next)].reverse();
    for (const entry of newestFirst) if (entry.time >= since && entry.time < until) yield entry;
  }

  async prune(): Promise<void> {}

  async close(): Promise<void> {}
}
