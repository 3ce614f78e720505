import type { Journal, JournalEntry, JournalFilter, LateEntry } from "./journal.ts";
import { withoutControls } from "./segment.ts";

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

  append(entry: JournalEntry): void {
    this.#add(entry);
  }

  appendLate(entry: LateEntry): void {
    this.#add(this.#maxEntries > maxLateEntries ? entry.made() : entry);
  }

  #add(entry: JournalEntry | LateEntry): void {
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
    for (const late of newestFirst) {
      const entry = "made" in late ? late.made() : late;
      if (entry.time >= since && entry.time < until) yield printable(entry);
    }
  }

  async prune(): Promise<void> {}

  async close(): Promise<void> {}
}

/** Returns an entry without control characters, as a stored journal writes it. */
function printable(entry: JournalEntry): JournalEntry {
  return {
    ...entry,
    eventId: withoutControls(entry.eventId),
    subject: entry.subject && withoutControls(entry.subject),
    outputs: entry.outputs.map((output) => ({ ...output, id: withoutControls(output.id) })),
  };
}
