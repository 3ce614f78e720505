import type { KeyHolder } from "../../../src/contract/queue-operator.ts";
import type { Entry } from "./entry.ts";
import { Fifo } from "./fifo.ts";

const maxHolders = 100;

/** The entries of one key that wait behind its holder, the one that may be leased. */
class Line extends Fifo<Entry> {
  holder: Entry;

  constructor(holder: Entry) {
    super();
    this.holder = holder;
  }
}

/** The lines of an ordered queue: of each key, one entry may be leased, and the others wait behind it. */
export class KeyLines {
  readonly #lines = new Map<string, Line>();
  #waiting = 0;

  /** The number of entries that wait behind others. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Returns true if the entry may be leased. Puts it in line if another entry holds its key. */
  take(entry: Entry): boolean {
    const key = entry.event.partitionKey;
    if (key === undefined || entry.holdsKey) return true;
    const line = this.#lines.get(key);
    if (line) {
      line.push(entry);
      this.#waiting++;
      return false;
    }
    this.#lines.set(key, new Line(entry));
    entry.holdsKey = true;
    return true;
  }

  /** Releases the key of an entry that left the queue. Returns the next entry of the key, which may be leased now. */
  release(entry: Entry): Entry | undefined {
    const key = entry.event.partitionKey;
    if (key === undefined || !entry.holdsKey) return undefined;
    const line = this.#lines.get(key);
    const next = line?.shift();
    if (!line || !next) {
      this.#lines.delete(key);
      return undefined;
    }
    line.holder = next;
    this.#waiting--;
    next.holdsKey = true;
    return next;
  }

  /** Removes an entry that waits behind others. Returns false if it does not. */
  leave(entry: Entry): boolean {
    const line = this.#lines.get(entry.event.partitionKey ?? "");
    if (!line?.remove(entry)) return false;
    this.#waiting--;
    return true;
  }

  /** Removes all entries that wait behind others. Returns them. */
  takeWaiting(): readonly Entry[] {
    const waiting = [...this.#lines.values()].flatMap((line) => [...line]);
    for (const entry of waiting) this.leave(entry);
    return waiting;
  }

  /** Yields the entries that wait behind others, with the holder of their key and the number in front of them. */
  *behind(): Generator<{ readonly entry: Entry; readonly holder: Entry; readonly ahead: number }, void, undefined> {
    for (const line of this.#lines.values()) {
      let ahead = 1;
      for (const entry of line) yield { entry, holder: line.holder, ahead: ahead++ };
    }
  }

  clear(): void {
    this.#lines.clear();
    this.#waiting = 0;
  }

  /** Returns the entries that hold back others, longest lines first. */
  holders(stateOf: (entry: Entry) => KeyHolder["state"]): readonly KeyHolder[] {
    return [...this.#lines]
      .filter(([, { size }]) => size > 0)
      .map(([partitionKey, { holder, size }]) => ({
        eventId: holder.event.id,
        partitionKey,
        behind: size,
        attempts: holder.attempt,
        state: stateOf(holder),
      }))
      .sort((one, other) => other.behind - one.behind)
      .slice(0, maxHolders);
  }
}
