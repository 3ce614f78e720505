import type { Clock, Timer } from "../../base/clock.ts";
import { hashOf } from "../../base/chance.ts";

/** The hooks of a process for the time of its world. */
export interface Living {
  readonly alive: boolean;
  /** Until when it stands still, in ms since the epoch. */
  readonly frozenUntil: number;
}

interface Entry {
  at: number;
  readonly rank: number;
  readonly run: () => void;
  readonly of: Living | undefined;
  /** True for work under way, false for a timer that may never matter. */
  readonly isWork: boolean;
  cancelled: boolean;
}

/**
 * The one scheduler of a run: virtual time, and everything that waits for it.
 *
 * A call to a provider takes virtual time as well, so the order of all calls follows from how long each takes. After
 * each entry, awaiting code runs until all of it waits for the world again.
 */
export class World {
  #now: number;
  #timers = 0;
  #work = 0;
  readonly #heap: Entry[] = [];

  constructor(start: number) {
    this.#now = start;
  }

  get now(): number {
    return this.#now;
  }

  /** True while work is under way that only needs time. */
  get busy(): boolean {
    return this.#work > 0;
  }

  /** When the next entry is due; Infinity when there is none. */
  get next(): number {
    return this.#heap[0]?.at ?? Infinity;
  }

  /** Returns the clock of a process, whose timers end with it; without one, the clock of the provider. */
  clockOf(of?: Living): Clock {
    return {
      now: () => this.#now,
      after: (ms, callback) => this.#add(ms, ++this.#timers, callback, of, false),
    };
  }

  /** Calls `run` later, as work that must be done before the world is at rest. */
  later(ms: number, run: () => void, of?: Living): void {
    this.#add(ms, ++this.#timers, run, of, true);
  }

  /** Resolves after `ms` of virtual time. Never resolves for a process that died meanwhile. */
  pass(ms: number, key: string, of?: Living): Promise<void> {
    // Work of one time goes in the order of its keys, however awaiting code came to ask for it.
    return new Promise((resolve) => void this.#add(ms, 2 ** 32 + hashOf(0, key), resolve, of, true));
  }

  /** Runs the next entry, and lets awaiting code run. Returns false when there is none. */
  async step(): Promise<boolean> {
    const entry = this.#pop();
    if (!entry) return false;
    if (!entry.cancelled) {
      this.#now = Math.max(this.#now, entry.at);
      const { of } = entry;
      if (of && of.alive && of.frozenUntil > this.#now) {
        entry.at = of.frozenUntil;
        this.#push(entry);
        return true;
      }
      if (entry.isWork) this.#work--;
      if (!of || of.alive) {
        entry.run();
        await drained();
      }
    }
    return true;
  }

  /** Lets go of all that waits. */
  end(): void {
    this.#heap.length = 0;
  }

  #add(ms: number, rank: number, run: () => void, of: Living | undefined, isWork: boolean): Timer {
    const entry = { at: this.#now + Math.max(0, ms), rank, run, of, isWork, cancelled: false };
    if (entry.at < Infinity) {
      if (isWork) this.#work++;
      this.#push(entry);
    }
    return { cancel: () => void (entry.cancelled = true) };
  }

  #push(entry: Entry): void {
    const heap = this.#heap;
    let at = heap.push(entry) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(entry, heap[parent] as Entry)) break;
      heap[at] = heap[parent] as Entry;
      at = parent;
    }
    heap[at] = entry;
  }

  #pop(): Entry | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (!first || !last || heap.length === 0) return first;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1] as Entry, heap[child] as Entry)) child++;
      if (!isBefore(heap[child] as Entry, last)) break;
      heap[at] = heap[child] as Entry;
      at = child;
    }
    heap[at] = last;
    return first;
  }
}

function isBefore(one: Entry, other: Entry): boolean {
  return one.at < other.at || (one.at === other.at && one.rank < other.rank);
}

/**
 * Resolves when all awaiting code waits for the world.
 *
 * Two turns of the event loop: a hive lets one pass now and then, by a count of the whole process.
 */
export function drained(): Promise<void> {
  return new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
}
