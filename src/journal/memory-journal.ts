import type { Journal, JournalEntry, JournalFilter } from "./journal.ts";

/** Keeps the last entries in the memory of this process, in a ring. */
export class MemoryJournal implements Journal {
  readonly #ring: JournalEntry[] = [];
  readonly #maxEntries: number;
  /** The index of the next entry. */
  #next = 0;

  constructor(maxEntries: number) {
    this.#maxEntries = maxEntries;
  }

  append(entry: JournalEntry): void {
    this.#ring[this.#next] = entry;
    this.#next = this.#next + 1 === this.#maxEntries ? 0 : this.#next + 1;
  }

  async *read({ since = -Infinity, until = Infinity }: JournalFilter = {}): AsyncGenerator<
    JournalEntry,
    void,
    undefined
  > {
    // A copy, since entries appended while a caller reads would overwrite unread ones.
    const newestFirst = [...this.#ring.slice(this.#next), ...this.#ring.slice(0, this.#next)].reverse();
    for (const entry of newestFirst) if (entry.time >= since && entry.time < until) yield entry;
  }

  async prune(): Promise<void> {}

  async close(): Promise<void> {}
}
