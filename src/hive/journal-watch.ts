import type { Clock, Timer } from "../base/clock.ts";
import { BeeHiveError } from "../base/errors.ts";
import type { Journal, JournalEntry } from "../journal/journal.ts";
import { JournalRecord } from "../journal/trace/record.ts";

/** Shortest and longest time between two looks, in ms. */
const pauseMs = { min: 20, max: 500 };
/** The part of the time that looks may take: a fifth. A large journal is looked at less often. */
const rest = 4;

interface Waiter {
  readonly since: number;
  readonly until: number;
  /** Returns whether it is over. */
  readonly look: (record: JournalRecord, isLast: boolean) => Promise<boolean>;
  readonly fail: (error: unknown) => void;
}

/** Looks into the journal for all who wait for something in it, together. It looks only while somebody waits. */
export class JournalWatch {
  readonly #journal: Journal;
  readonly #clock: Clock;
  readonly #stopped: AbortSignal;
  readonly #waiters = new Set<Waiter>();
  #timer: Timer | undefined;
  #dueAt = Infinity;
  #isLooking = false;
  /** The time before which there is no look, in ms since the epoch. */
  #earliest = -Infinity;
  #pause: number = pauseMs.min;

  constructor(journal: Journal, clock: Clock, stopped: AbortSignal) {
    this.#journal = journal;
    this.#clock = clock;
    this.#stopped = stopped;
    stopped.addEventListener("abort", () => this.#end(hasStopped()));
  }

  /**
   * Returns what `find` finds in the entries of a time on; `undefined` when the time is over before.
   *
   * @param span `since` and `until`, in ms since the epoch.
   */
  find<T>(
    span: { readonly since: number; readonly until: number },
    find: (record: JournalRecord) => T | undefined | Promise<T | undefined>,
  ): Promise<T | undefined> {
    if (this.#stopped.aborted) return Promise.reject(hasStopped());
    return new Promise((resolve, reject) => {
      const look = async (record: JournalRecord, isLast: boolean): Promise<boolean> => {
        const found = await find(record);
        if (found === undefined && !isLast) return false;
        resolve(found);
        return true;
      };
      this.#waiters.add({ ...span, look, fail: reject });
      this.#pause = pauseMs.min;
      this.#plan(this.#clock.now());
    });
  }

  #plan(at: number): void {
    const due = Math.max(at, this.#earliest);
    if (this.#isLooking || due >= this.#dueAt) return;
    this.#timer?.cancel();
    this.#dueAt = due;
    this.#timer = this.#clock.after(Math.max(0, due - this.#clock.now()), () => void this.#look());
  }

  async #look(): Promise<void> {
    const began = this.#clock.now();
    this.#dueAt = Infinity;
    this.#isLooking = true;
    const waiters = [...this.#waiters];
    try {
      const since = Math.min(...waiters.map((waiter) => waiter.since));
      const record = await JournalRecord.of({ read: () => committed(this.#journal.read({ since })) });
      const now = this.#clock.now();
      await Promise.all(
        waiters.map(async (waiter) => {
          if (await waiter.look(record, now >= waiter.until)) this.#waiters.delete(waiter);
        }),
      );
    } catch (error) {
      this.#end(error, waiters);
    }
    this.#isLooking = false;
    const now = this.#clock.now();
    this.#earliest = now + (now - began) * rest;
    if (this.#waiters.size === 0) return;
    this.#plan(Math.min(now + this.#pause, ...[...this.#waiters].map(({ until }) => Math.max(until, now))));
    this.#pause = Math.min(pauseMs.max, this.#pause * 2);
  }

  #end(error: unknown, waiters: Iterable<Waiter> = this.#waiters): void {
    for (const waiter of waiters) {
      waiter.fail(error);
      this.#waiters.delete(waiter);
    }
    if (this.#waiters.size === 0) this.#timer?.cancel();
  }
}

/** Outputs of an attempt that did not commit may not be published. */
async function* committed(entries: AsyncIterable<JournalEntry>): AsyncGenerator<JournalEntry> {
  for await (const entry of entries) yield entry.outcome === "committed" ? entry : { ...entry, outputs: [] };
}

function hasStopped(): BeeHiveError {
  return new BeeHiveError("InvalidState", "The hive has stopped.");
}
