import type { KeepRule, KeptEvent, LogRange, ReplayedOutputs } from "../../../src/contract/topic-log.ts";
import type { Event } from "../../../src/events/event.ts";

/** Events between two compactions, at the least. */
const minCompaction = 1_000;

/** The place of a subscription in the log of its topic. */
export interface Reading {
  readonly log: KeptEvents;
  /** The position of the next event to lease. */
  position: number;
  /** The last rewind; events before `until` are replayed. */
  readonly rewind: number;
  readonly until: number;
  readonly outputs: ReplayedOutputs;
}

/** The kept events of one topic. */
export class KeptEvents {
  rule: KeepRule;
  /** In the order of their positions; a compacted log has gaps. */
  #events: KeptEvent[] = [];
  #next = 0;
  #bytes = 0;
  #sinceCompaction = 0;
  readonly #wakers = new Set<() => void>();

  constructor(rule: KeepRule) {
    this.rule = rule;
  }

  get range(): LogRange {
    return { first: this.#events[0]?.position ?? this.#next, next: this.#next };
  }

  append(event: Event, now: number): void {
    // Time never runs backwards along the positions, also when the clock was put back.
    const published = Math.max(now, this.#events.at(-1)?.published ?? now);
    this.#events.push({ position: this.#next++, published, event });
    this.#bytes += event.byReference ? 0 : event.bodySize;
    this.#sinceCompaction++;
    for (const wake of this.#wakers) wake();
    this.#wakers.clear();
  }

  /** Appends events of a backup at their positions. */
  restore(events: readonly KeptEvent[]): void {
    for (const { position, published, event } of events) {
      const last = this.#events.at(-1)?.published ?? published;
      this.#events.push({ position, published: Math.max(published, last), event });
      this.#next = position + 1;
      this.#bytes += event.bodySize;
      this.#sinceCompaction++;
    }
    for (const wake of this.#wakers) wake();
    this.#wakers.clear();
  }

  /** Returns the first kept event at a position or after it. */
  at(position: number): KeptEvent | undefined {
    return this.#events[this.#indexOf(position)];
  }

  /** Returns how many events are kept from a position on. */
  countFrom(position: number): number {
    return this.#events.length - this.#indexOf(position);
  }

  /** Returns up to `limit` events from a position on. */
  read(from: number, limit: number, key?: string): readonly KeptEvent[] {
    const found: KeptEvent[] = [];
    for (let n = this.#indexOf(from); n < this.#events.length && found.length < limit; n++) {
      const kept = this.#events[n] as KeptEvent;
      if (key === undefined || kept.event.partitionKey === key) found.push(kept);
    }
    return found;
  }

  /** Returns the position of the first event published at `time` or later. */
  positionAt(time: number): number {
    const index = lowerBound(this.#events, ({ published }) => published >= time);
    return this.#events[index]?.position ?? this.#next;
  }

  /** Returns the newest event of each key, and the events without one. Leaves out keys that were ended. */
  latestPerKey(): readonly KeptEvent[] {
    const latest = this.#latest();
    return this.#events.filter(
      ({ position, event }) =>
        event.partitionKey === undefined || (latest.get(event.partitionKey) === position && event.bodySize > 0),
    );
  }

  /** Calls `wake` once when the next event comes. Returns a function that forgets it. */
  onAppend(wake: () => void): () => void {
    this.#wakers.add(wake);
    return () => this.#wakers.delete(wake);
  }

  /** Removes what the rule no longer keeps. @param unread The least position that a subscription has not read. */
  trim(now: number, unread: number): void {
    const { forMs, maxBytes, compact, evenUnread } = this.rule;
    const bound = evenUnread ? this.#next : unread;
    let gone = 0;
    for (const { position, published, event } of this.#events) {
      const over = now - published >= forMs || this.#bytes > maxBytes;
      if (position >= bound || !over) break;
      this.#bytes -= event.byReference ? 0 : event.bodySize;
      gone++;
    }
    if (gone > 0) this.#events = this.#events.slice(gone);
    if (compact) this.#compact(bound, now);
  }

  #compact(bound: number, now: number): void {
    const latest = this.#latest();
    this.#events = this.#events.filter(({ position, published, event }) => {
      if (position >= bound || event.partitionKey === undefined) return true;
      const newest = latest.get(event.partitionKey) === position;
      // The end of a key goes, too, once readers had the time of the rule to see it.
      const keeps = newest && (event.bodySize > 0 || now - published < this.rule.forMs);
      if (!keeps) this.#bytes -= event.byReference ? 0 : event.bodySize;
      return keeps;
    });
    this.#sinceCompaction = 0;
  }

  /** True once enough events came since the last compaction for another to pay. */
  get isDue(): boolean {
    return this.#sinceCompaction >= Math.max(minCompaction, this.#events.length / 2);
  }

  #latest(): Map<string, number> {
    const latest = new Map<string, number>();
    for (const { position, event } of this.#events)
      if (event.partitionKey !== undefined) latest.set(event.partitionKey, position);
    return latest;
  }

  #indexOf(position: number): number {
    return lowerBound(this.#events, (kept) => kept.position >= position);
  }
}

/** Returns the index of the first item that holds; all items after it hold as well. */
function lowerBound<T>(items: readonly T[], holds: (item: T) => boolean): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(items[middle] as T)) high = middle;
    else low = middle + 1;
  }
  return low;
}
