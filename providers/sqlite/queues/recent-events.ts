import type { Event } from "../../../src/events/event.ts";

/** The limits of a generation, in events and bytes of bodies. Two generations are kept. */
const maxEvents = 10_000;
const maxBytes = 16 * 1024 * 1024;

/**
 * The events that this process inserted lately, by the id of their row.
 *
 * Most of them are leased by the same process a moment later, and then need not be read and parsed. Row ids are never
 * reused, so a cached event is always that of the row. Only the row knows whether it still exists and who leases it.
 */
export class RecentEvents {
  #young = new Map<number, Event>();
  #old = new Map<number, Event>();
  #youngBytes = 0;

  /** Adds the event of a row. A body by reference is not cached, since the row holds another one. */
  add(row: number, event: Event): void {
    if (event.byReference) return;
    this.#young.set(row, event);
    this.#youngBytes += event.bodySize;
    if (this.#young.size < maxEvents && this.#youngBytes < maxBytes) return;
    this.#old = this.#young;
    this.#young = new Map();
    this.#youngBytes = 0;
  }

  /** Returns the event of a row, which may be leased for each subscription. */
  get(row: number): Event | undefined {
    return this.#young.get(row) ?? this.#old.get(row);
  }

  /** Removes and returns the event of a row, which is rarely leased a second time. */
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
