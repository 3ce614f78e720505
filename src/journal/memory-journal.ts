import { entryOf, type Journal, type JournalEntry, type JournalFilter, type LateEntry } from "./journal.ts";

/** A larger journal makes its entries at once: they take less memory than the events that they are made of. */
const maxLateEntries = 10_000;

/** Keeps the last entries in the memory of this process, in a ring. */
export class MemoryJournal implements Journal {
  readonly #ring: (JournalEntry | LateEntry)[] = [];
  readonly #maxEntries: number;
  /** The index of the next entry. */
  #next = 0;

  constructor(maxEntries: number) {
    this.#maxEntries = maxEntries;
  }

  append(entry: JournalEntry | LateEntry): void {
    this.#ring[this.#next] = this.#maxEntries > maxLateEntries ? entryOf(entry) : entry;
    this.#next = this.#next + 1 === this.#maxEntries ? 0 : this.#next + 1;
  }

  async *read({ since = -Infinity, until = Infinity }: JournalFilter = {}): AsyncGenerator<
    JournalEntry,
    void,
    undefined
  > {
    // A copy, since entries appended while a caller reads would overwrite unread ones.
    const newestFirst = [...this.#ring.slice(this.#next), ...this.#ring.slice(0, this.#next)].reverse();
    for (const late of newestFirst) {
      const entry = entryOf(late);
      if (entry.time >= since && entry.time < until) yield entry;
    }
  }

  async prune(): Promise<void> {}

  async close(): Promise<void> {}
}
