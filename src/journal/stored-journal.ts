import { messageOf } from "../base/error-text.ts";
import { afterThisTurn, type Clock, type Timer } from "../base/clock.ts";
import { isBeeHiveError } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import type { CollectionStore, Stores } from "../contract/stores.ts";
import { maxOutputs, type Journal, type JournalEntry, type JournalFilter } from "./journal.ts";
import { nextSegmentId, segmentsFrom } from "./segment-id.ts";
import { entriesOf, SegmentText } from "./segment-text.ts";

/** Entries that were written together: one row of the store. */
interface Segment {
  readonly id: string;
  /** When the newest of its entries was made, in ms since the epoch. */
  readonly time: number;
  readonly entries: number;
  readonly text: string;
}

/** How long an entry waits for others to be written with, in ms: what a crash may take. */
const gatherMs = 250;
/**
 * In characters. With one more entry of a usual length it fits a text property of Azure Tables, 32,768 with its
 * quotation marks, and an item of DynamoDB.
 */
const fullSegment = 25_000;
/** So many writes are under way at the most; what comes then is lost, or a store that stalls would fill the memory. */
const maxWriting = 100;
/** How long `close` waits for a store that does not answer, in ms. */
const closeMs = 5_000;
/** The least time between two warnings of what was lost, in ms. */
const warnMs = 60_000;

export interface StoredJournalParts {
  readonly stores: Stores;
  readonly clock: Clock;
  readonly logger: Logger;
  /** How many entries are kept, about. */
  readonly entries: number;
  /** How long, in ms. */
  readonly age: number;
}

/**
 * A journal in the store of a provider, shared by all processes on it and still there when they end. Entries are
 * gathered and written behind the back of the hive: no delivery waits for it, none fails with it. What could not be
 * written is counted in a warning and gone, and a crash may take the last 250 ms. An idle hive writes nothing.
 */
export class StoredJournal implements Journal {
  readonly #parts: StoredJournalParts;
  readonly #segments: CollectionStore<Segment>;
  #gathered = new SegmentText();
  #timer: Timer | undefined;
  readonly #writing = new Set<Promise<void>>();
  /** Entries of this process that the count of all processes does not have yet. */
  #uncounted = 0;
  #agedOut = false;
  #lost = 0;
  #lossReason = "";
  #lossWarnedAt = -Infinity;
  #closed = false;

  constructor(parts: StoredJournalParts) {
    this.#parts = parts;
    this.#segments = parts.stores.collection<Segment>("HiveJournal");
  }

  append(entry: JournalEntry): void {
    if (this.#closed) return;
    if (entry.outputs.length > maxOutputs) {
      this.#appendSpread(entry);
      return;
    }
    this.#gathered.append(entry);
    if (this.#gathered.length > fullSegment) this.#write();
    else this.#timer ??= this.#parts.clock.after(gatherMs, () => this.#write());
  }

  async *read({ since = -Infinity, until = Infinity }: JournalFilter = {}): AsyncGenerator<
    JournalEntry,
    void,
    undefined
  > {
    if (!this.#closed) await this.#flush();
    for await (const segment of this.#segments.all()) {
      // Nothing in a segment is newer than itself, and those that follow are older.
      if (segment.time < since) return;
      for (const entry of entriesOf(segment.text).reverse()) if (entry.time >= since && entry.time < until) yield entry;
    }
  }

  /** Walks over all that is kept from the newest on, and removes what is beyond the bounds. */
  async prune(): Promise<void> {
    const { clock, age, entries: most } = this.#parts;
    const oldest = clock.now() - age;
    const segments = this.#segments.all();
    let kept = 0;
    await this.#remove(segments, ({ time, entries }) => {
      const beyond = kept >= most || time < oldest;
      kept += entries;
      return beyond;
    });
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    let timer: Timer | undefined;
    const tooLong = new Promise<void>((resolve) => {
      timer = this.#parts.clock.after(closeMs, resolve);
    });
    const written = this.#flush().then(() => this.#housekeeping(() => this.#count()));
    await Promise.race([written, tooLong]);
    timer?.cancel();
    if (this.#lost > 0) this.#warnOfLoss();
  }

  /** A long list of outputs as several entries. */
  #appendSpread(entry: JournalEntry): void {
    for (let from = 0; from < entry.outputs.length; from += maxOutputs)
      this.append({ ...entry, outputs: entry.outputs.slice(from, from + maxOutputs) });
  }

  /** Writes what was appended so far. What comes meanwhile is not waited for: there may always be more. */
  async #flush(): Promise<void> {
    this.#write();
    await Promise.all(this.#writing);
  }

  /** Hands over what was gathered; nobody waits for it. */
  #write(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    const { entries, newest } = this.#gathered;
    if (entries === 0) return;
    const segment = { id: nextSegmentId(newest), time: newest, entries, text: this.#gathered.toString() };
    this.#gathered = new SegmentText();
    if (this.#writing.size >= maxWriting) this.#lose(entries, "the store does not keep up");
    else this.#track(this.#save(segment));
  }

  async #save(segment: Segment): Promise<void> {
    try {
      await this.#segments.upsert(segment);
    } catch (error) {
      this.#lose(segment.entries, messageOf(error));
      return;
    }
    this.#uncounted += segment.entries;
    if (!this.#agedOut) {
      this.#agedOut = true;
      await this.#housekeeping(() => this.#removeAged());
    }
    if (this.#uncounted >= this.#pruneEvery) await this.#housekeeping(() => this.#count());
  }

  /** Once for each process: short ones would never prune else. */
  async #removeAged(): Promise<void> {
    const { clock, age } = this.#parts;
    await this.#remove(this.#segments.range({ from: segmentsFrom(clock.now() - age) }), () => true);
  }

  /** Adds to the count of all processes, and prunes when it has passed the next quarter of what is kept. */
  async #count(): Promise<void> {
    const entries = this.#uncounted;
    if (entries === 0) return;
    this.#uncounted = 0;
    const { counters } = this.#parts.stores;
    const total = await counters.increment("HiveJournal", "entries", entries);
    const every = this.#pruneEvery;
    if (Math.floor(total / every) > Math.floor((total - entries) / every)) await this.prune();
  }

  get #pruneEvery(): number {
    return Math.ceil(this.#parts.entries / 4);
  }

  /** What fails of it is done the next time. */
  async #housekeeping(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#parts.logger.debug({ err: error }, "the journal could not be pruned, it will be tried again");
    }
  }

  /** Removes those of the segments that are too many or too old, several in one go: on SQLite they share a transaction. */
  async #remove(segments: AsyncIterable<Segment>, beyond: (segment: Segment) => boolean): Promise<void> {
    let walked = 0;
    let removals: Promise<void>[] = [];
    for await (const segment of segments) {
      if (beyond(segment)) removals.push(this.#removeOne(segment.id));
      if (++walked % 50 > 0) continue;
      await Promise.all(removals);
      removals = [];
      // A store in this process may answer at once, each time: others get their turn.
      await new Promise<void>(afterThisTurn);
    }
    await Promise.all(removals);
  }

  /** Another process may have removed it first. */
  async #removeOne(id: string): Promise<void> {
    try {
      await this.#segments.delete(id);
    } catch (error) {
      if (!isBeeHiveError(error, "NotFound")) throw error;
    }
  }

  #lose(entries: number, reason: string): void {
    this.#lost += entries;
    this.#lossReason = reason;
    if (this.#parts.clock.now() - this.#lossWarnedAt >= warnMs) this.#warnOfLoss();
  }

  #warnOfLoss(): void {
    const { clock, logger } = this.#parts;
    logger.warn({ entries: this.#lost, reason: this.#lossReason }, "journal entries could not be written and are lost");
    this.#lost = 0;
    this.#lossWarnedAt = clock.now();
  }

  #track(work: Promise<void>): void {
    const tracked = work.finally(() => this.#writing.delete(tracked));
    this.#writing.add(tracked);
  }
}
