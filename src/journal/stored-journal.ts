import { messageOf } from "../base/error-text.ts";
import { afterThisTurn, waitFor, type Clock, type Timer } from "../base/clock.ts";
import { isBeeHiveError } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import type { CollectionStore, Stores } from "../contract/stores.ts";
import type { Journal, JournalEntry, JournalFilter } from "./journal.ts";
import { entriesIn } from "./segment-entries.ts";
import { maxOutputs, nextSegmentId, segmentsFrom, SegmentText, type Segment } from "./segment.ts";

/** How long entries are gathered before they are written, in ms. A crash loses them. */
const gatherMs = 250;
/** The length at which a segment is written, in characters. One more entry still fits an item of DynamoDB (400 kB). */
const fullSegment = 100_000;
/** Maximum writes under way. Further segments are lost, so that a stalled store does not fill the memory. */
const maxWriting = 100;
/** How long `close` waits for an unresponsive store, in ms. */
const closeMs = 5_000;
/** Minimum time between two warnings of lost entries, in ms. */
const minWarnMs = 60_000;

export interface StoredJournalParts {
  readonly stores: Stores;
  readonly clock: Clock;
  readonly logger: Logger;
  /** About how many entries are kept. */
  readonly entries: number;
  /** How long entries are kept. */
  readonly ageMs: number;
}

/**
 * A journal in the stores of a provider, shared by its processes and kept afterwards.
 *
 * Entries are gathered and written in the background: no delivery waits for a write or fails with it. Entries that
 * cannot be written are lost and counted in a warning. A crash loses the last 250 ms. An idle hive writes nothing.
 */
export class StoredJournal implements Journal {
  readonly #parts: StoredJournalParts;
  readonly #segments: CollectionStore<Segment>;
  #gathered = new SegmentText();
  #timer: Timer | undefined;
  readonly #writing = new Set<Promise<void>>();
  /** Written entries that are not yet in the count that all processes share. */
  #uncounted = 0;
  /** The time of the newest written entry. */
  #newest = 0;
  /** The shared count when the newest written entry was of that time, oldest first. */
  readonly #counts: { readonly total: number; readonly time: number }[] = [];
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
    if (entry.outputs.length <= maxOutputs) this.#gather(entry);
    else for (const part of spread(entry)) this.#gather(part);
  }

  #gather(entry: JournalEntry): void {
    this.#gathered.append(entry);
    const { length, entries } = this.#gathered;
    if (length > fullSegment || entries >= this.#pruneEvery) this.#write();
    else this.#timer ??= this.#parts.clock.after(gatherMs, () => this.#write());
  }

  async *read({ since = -Infinity, until = Infinity }: JournalFilter = {}): AsyncGenerator<
    JournalEntry,
    void,
    undefined
  > {
    if (!this.#closed) await this.#flush();
    for await (const segment of this.#segments.all()) {
      // Segments come newest first, and no entry is newer than its segment.
      if (segment.time < since) return;
      for (const entry of entriesIn(segment).reverse()) if (entry.time >= since && entry.time < until) yield entry;
    }
  }

  /** Removes the segments beyond the maximum number of entries, and those that are too old. */
  async prune(): Promise<void> {
    const { clock, ageMs, entries: maxEntries } = this.#parts;
    const oldest = clock.now() - ageMs;
    const segments = this.#segments.all();
    let kept = 0;
    await this.#remove(segments, ({ time, entries }) => {
      const beyond = kept >= maxEntries || time < oldest;
      kept += entries;
      return beyond;
    });
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    const written = this.#flush().then(() => this.#housekeeping(() => this.#count()));
    await waitFor(written, this.#parts.clock, closeMs);
    if (this.#lost > 0) this.#warnOfLoss();
  }

  /** Writes all gathered entries. Entries appended meanwhile are not waited for, so it ends under load. */
  async #flush(): Promise<void> {
    this.#write();
    await Promise.all(this.#writing);
  }

  /** Starts to write the gathered entries. */
  #write(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    const { entries, newest } = this.#gathered;
    if (entries === 0) return;
    const segment = { id: nextSegmentId(newest), time: newest, entries, fields: this.#gathered.toString() };
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
    this.#newest = segment.time;
    if (!this.#agedOut) {
      this.#agedOut = true;
      await this.#housekeeping(() => this.#removeAged());
    }
    if (this.#uncounted >= this.#pruneEvery) await this.#housekeeping(() => this.#count());
  }

  /** Runs once in each process: a short one never reaches the next prune. */
  async #removeAged(): Promise<void> {
    const { clock, ageMs } = this.#parts;
    await this.#removeUpTo(clock.now() - ageMs);
  }

  async #removeUpTo(time: number): Promise<void> {
    await this.#remove(this.#segments.range({ from: segmentsFrom(time) }), () => true);
  }

  /** Adds to the shared count. Removes the oldest entries whenever it passes another quarter of the maximum. */
  async #count(): Promise<void> {
    const entries = this.#uncounted;
    if (entries === 0) return;
    this.#uncounted = 0;
    const { counters } = this.#parts.stores;
    const total = await counters.increment("HiveJournal", "entries", entries);
    this.#counts.push({ total, time: this.#newest });
    const every = this.#pruneEvery;
    if (Math.floor(total / every) > Math.floor((total - entries) / every)) await this.#removeOldest(total);
  }

  /** Removes the entries beyond the maximum by their time, as a walk through the whole journal reads all of it. */
  async #removeOldest(total: number): Promise<void> {
    const { clock, ageMs, entries: maxEntries } = this.#parts;
    const enough = maxEntries - this.#pruneEvery / 2;
    const last = this.#counts.findLastIndex((count) => total - count.total >= enough);
    const time = this.#counts[last]?.time ?? Infinity;
    this.#counts.splice(0, last);
    const now = clock.now();
    if (total <= maxEntries) await this.#removeAged();
    // Without a count of that age the walk finds them; also after the clock was put back.
    else if (time > now) await this.prune();
    else await this.#removeUpTo(Math.max(time - 1, now - ageMs));
  }

  get #pruneEvery(): number {
    return Math.ceil(this.#parts.entries / 4);
  }

  /** Ignores failures: the next round tries again. */
  async #housekeeping(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#parts.logger.debug({ err: error }, "the journal could not be pruned, it will be tried again");
    }
  }

  /** Removes the segments that are `beyond`, many at a time: on SQLite they share a transaction. */
  async #remove(segments: AsyncIterable<Segment>, beyond: (segment: Segment) => boolean): Promise<void> {
    let walked = 0;
    let removals: Promise<void>[] = [];
    for await (const segment of segments) {
      if (beyond(segment)) removals.push(this.#removeOne(segment.id));
      if (++walked % 50 > 0) continue;
      await Promise.all(removals);
      removals = [];
      // A store in this process may never suspend; let other work run.
      await new Promise<void>(afterThisTurn);
    }
    await Promise.all(removals);
  }

  /** Ignores a segment that another process has removed. */
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
    if (this.#parts.clock.now() - this.#lossWarnedAt >= minWarnMs) this.#warnOfLoss();
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

/** Returns an entry with many outputs as several entries. */
function spread(entry: JournalEntry): readonly JournalEntry[] {
  const parts = Math.ceil(entry.outputs.length / maxOutputs);
  return Array.from({ length: parts }, (_, part) => ({
    ...entry,
    outputs: entry.outputs.slice(part * maxOutputs, (part + 1) * maxOutputs),
  }));
}
