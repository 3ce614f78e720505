import type { Event } from "../../../src/events/event.ts";

/** When a generation is full: so many events, or bodies of so many bytes. Two are kept. */
const maxEvents = 10_000;
const maxBytes = 16 * 1024 * 1024;

/**
 * Events that this process put into rows lately, by the id of the row. Most are leased again here a moment later, and
 * then need not be read and parsed. An id of a row is never used twice, so what is remembered is what the row holds,
 * whichever process works on it; whether it is still there, and whose it is, only the row says.
 */
export class RecentEvents {
  #young = new Map<number, Event>();
  #old = new Map<number, Event>();
  #youngBytes = 0;

  /** Notes the event of a row, at the expense of older ones. A body by reference is not what the row holds. */
  add(row: number, event: Event): void {
    if (event.byReference) return;
    this.#young.set(row, event);
    this.#youngBytes += event.bodySize;
    if (this.#young.size < maxEvents && this.#youngBytes < maxBytes) return;
    this.#old = this.#young;
    this.#young = new Map();
    this.#youngBytes = 0;
  }

  /** The event of a row, from now on forgotten: it is rarely leased a second time. */
  take(row: number): Event | undefined {
    const event = this.#young.get(row) ?? this.#old.get(row);
    if (event && !this.#young.delete(row)) this.#old.delete(row);
    return event;
  }

  clear(): void {
    this.#young.clear();
    this.#old.clear();
    this.#youngBytes = 0;
  }
}
