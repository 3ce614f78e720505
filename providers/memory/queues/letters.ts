import { letterId, type DeadLetter, type DeadLetterRecord } from "../../../src/contract/dead-letter.ts";
import type { Event } from "../../../src/events/event.ts";

/** The dead letters of a queue by their ids, oldest first. */
export class Letters implements Iterable<DeadLetter> {
  readonly #letters = new Map<string, DeadLetter>();
  #last = 0;

  get size(): number {
    return this.#letters.size;
  }

  [Symbol.iterator](): Iterator<DeadLetter> {
    return this.#letters.values();
  }

  add(record: DeadLetterRecord, event: Event): void {
    const id = letterId(++this.#last);
    this.#letters.set(id, { ...record, id, event });
  }

  /** Removes the letter with that id, or the oldest letter of the event with that id. */
  take(id: string): DeadLetter | undefined {
    const letter = this.#letters.get(id) ?? this.#oldestOf(id);
    if (letter) this.#letters.delete(letter.id);
    return letter;
  }

  #oldestOf(eventId: string): DeadLetter | undefined {
    for (const letter of this) if (letter.event.id === eventId) return letter;
    return undefined;
  }
}
