import type { Clock } from "../../base/clock.ts";
import { isBeeHiveError } from "../../base/errors.ts";
import { ifFound } from "../../contract/keys.ts";
import type { KeyValueStore } from "../../contract/stores.ts";
import type { KeptEvent, LogRange } from "../../contract/topic-log.ts";
import type { Event } from "../../events/event.ts";
import { identityOf } from "../../events/output-id.ts";
import type { QueueName } from "../../events/queue-name.ts";
import { areBehind } from "../errors.ts";
import { metadataOf, packed, segmentKey, segmentOf, segmentPrefix, unpacked, type Segment } from "./segment.ts";

/** The age from which the index is read anew: others merge and remove segments meanwhile. */
const staleMs = 5 * 60_000;
/** The number of segments whose events stay in memory. */
const maxCached = 4;
/** The last segments whose events are known again when they are delivered once more. */
const remembered = 50;
const maxIdentities = 50_000;
/** How far the clock of a publisher may be ahead, in ms. */
const maxSkewMs = 5 * 60_000;
const maxPage = 1_000;

/** A part of the kept events. */
interface Selection {
  /** The end, exclusive. @default the end of the log */
  readonly until?: number;
  readonly holds?: (kept: KeptEvent) => boolean;
}

function all(): boolean {
  return true;
}

/** The segments of one topic: an index in memory, read from the list of the blobs. */
export class Segments {
  readonly topic: QueueName;
  readonly #blobs: KeyValueStore;
  readonly #clock: Clock;
  #index: Segment[] = [];
  /** When the end of the index was last known to be the end of the log. */
  #seenAt = -Infinity;
  #listedAt = -Infinity;
  readonly #cache = new Map<string, readonly KeptEvent[]>();
  /** The identities of the newest events. */
  readonly #identities = new Set<string>();
  #identifiedTo = -1;

  constructor(topic: QueueName, blobs: KeyValueStore, clock: Clock) {
    this.topic = topic;
    this.#blobs = blobs;
    this.#clock = clock;
  }

  /** Returns the segments in the order of their positions, as they are now. */
  async all(): Promise<readonly Segment[]> {
    await this.#refresh();
    return this.#index;
  }

  async range(): Promise<LogRange> {
    const segments = await this.all();
    const next = segments.at(-1)?.next ?? 0;
    return { first: segments.find(({ count }) => count > 0)?.first ?? next, next };
  }

  /** Returns up to `limit` events from a position on. */
  async read(from: number, limit: number, { until = Infinity, holds = all }: Selection = {}): Promise<KeptEvent[]> {
    const found: KeptEvent[] = [];
    let position = from;
    while (found.length < limit && position < until) {
      const has = ({ next, count }: Segment): boolean => next > position && count > 0;
      const known = this.#isStale ? undefined : this.#index.find(has);
      const segment = known ?? (await this.all()).find(has);
      if (!segment) break;
      const events = await this.events(segment);
      // Others merged or removed it since it was listed.
      if (!events) continue;
      for (const kept of events)
        if (kept.position >= position && kept.position < until && holds(kept)) found.push(kept);
      position = Math.max(segment.next, (events.at(-1)?.position ?? -1) + 1);
    }
    return found.slice(0, limit);
  }

  /** Returns those of the events that the log does not have. */
  async unknown(events: readonly Event[]): Promise<readonly Event[]> {
    const left = new Map(events.map((event) => [identityOf(event), event]));
    const oldest = Math.min(...events.map(({ timestamp }) => timestamp.getTime()));
    let position = await this.positionAt(oldest - maxSkewMs);
    while (left.size > 0) {
      const page = await this.read(position, maxPage);
      for (const { event } of page) left.delete(identityOf(event));
      if (page.length < maxPage) break;
      position = (page.at(-1)?.position ?? position) + 1;
    }
    return [...left.values()];
  }

  /** Returns the position of the first event published at `time` or later. */
  async positionAt(time: number): Promise<number> {
    for (;;) {
      const segments = await this.all();
      const segment = segments.find(({ until, count }) => until >= time && count > 0);
      if (!segment) return segments.at(-1)?.next ?? 0;
      const events = await this.events(segment);
      if (events) return events.find(({ published }) => published >= time)?.position ?? segment.next;
    }
  }

  /** Returns the events of a segment; `undefined`, and lists anew, when it is gone. */
  async events(segment: Segment): Promise<readonly KeptEvent[] | undefined> {
    const name = `${segment.key} ${segment.etag}`;
    const known = this.#cache.get(name);
    if (known) return known;
    const blob = await ifFound(this.#blobs.get(segment.key));
    if (!blob) {
      this.forget();
      return undefined;
    }
    const events = await unpacked(segment, blob.body, this.topic);
    // Replaced since it was listed: what was read is newer, and is read again with the next list.
    if (blob.etag !== segment.etag) this.#listedAt = -Infinity;
    else this.#remember(name, events);
    return events;
  }

  #remember(name: string, events: readonly KeptEvent[]): void {
    this.#cache.set(name, events);
    for (const oldest of [...this.#cache.keys()].slice(0, -maxCached)) this.#cache.delete(oldest);
  }

  /**
   * Appends events that are not among the newest, in the order of their timestamps. Returns how many.
   *
   * Several writers are safe: a segment is written under the position of its start, and only if there is none yet.
   */
  async append(events: readonly Event[]): Promise<number> {
    for (;;) {
      // Without a look at the end of the log: another writer's segment shows when this one is inserted.
      if (this.#isStale) await this.#list();
      await this.#identify();
      const fresh = [...new Map(events.map((event) => [identityOf(event), event])).values()]
        .filter((event) => !this.#identities.has(identityOf(event)))
        .toSorted((one, other) => one.timestamp.getTime() - other.timestamp.getTime());
      if (fresh.length === 0) return 0;
      const last = this.#index.at(-1);
      const segment = await this.#insert(fresh, last?.next ?? 0, last?.until ?? -Infinity);
      if (segment && (await this.#isLast(segment))) return fresh.length;
    }
  }

  /** Appends events at their positions. Returns false when they do not follow the last. */
  async restore(events: readonly KeptEvent[]): Promise<boolean> {
    await this.#refresh();
    const last = this.#index.at(-1);
    const from = last?.next ?? 0;
    if (!areBehind(from, events)) return false;
    let until = last?.until ?? -Infinity;
    const kept = events.map((one) => ({ ...one, published: (until = Math.max(until, one.published)) }));
    const segment = await this.#write(from, (kept.at(-1)?.position ?? from) + 1, kept, until);
    return segment !== undefined && (await this.#isLast(segment));
  }

  /** Writes a segment anew with fewer or more events. @throws BeeHiveError `ConcurrencyConflict`, `NotFound`. */
  async rewrite({ key, etag, until }: Segment, next: number, events: readonly KeptEvent[]): Promise<void> {
    const newest = events.at(-1)?.published ?? until;
    const metadata = metadataOf(next, events, Math.max(newest, until));
    await this.#blobs.upsert(key, await packed(events), { metadata, etag });
    this.forget();
  }

  /** Removes a segment that is not the last. @throws BeeHiveError `ConcurrencyConflict`, `NotFound`. */
  async remove({ key, etag }: Segment): Promise<void> {
    await this.#blobs.delete(key, { etag });
    this.forget();
  }

  /** Removes all segments. */
  async clear(): Promise<void> {
    for (const { key } of await this.all()) await this.#blobs.delete(key);
  }

  /** Lists anew before the next use. */
  forget(): void {
    this.#listedAt = -Infinity;
  }

  async #insert(events: readonly Event[], from: number, after: number): Promise<Segment | undefined> {
    const now = this.#clock.now();
    let published = after;
    const kept = events.map((event, index) => {
      // Clocks of publishers differ: time never runs backwards along the positions, nor ahead.
      published = Math.max(published, Math.min(now, event.timestamp.getTime()));
      return { position: from + index, published, event: event.with({ queueName: String(this.topic) }) };
    });
    return await this.#write(from, from + kept.length, kept, published);
  }

  /** Writes a new segment. Returns `undefined` when another writer was first. */
  async #write(from: number, next: number, kept: readonly KeptEvent[], until: number): Promise<Segment | undefined> {
    try {
      const metadata = metadataOf(next, kept, until);
      const blob = await this.#blobs.insert(segmentKey(this.topic, from), await packed(kept), { metadata });
      this.#remember(`${blob.key} ${blob.etag}`, kept);
      return segmentOf(blob);
    } catch (error) {
      if (!isBeeHiveError(error, "AlreadyExists")) throw error;
      await this.#refresh();
      return undefined;
    }
  }

  /**
   * Adds a written segment to the index. Returns false when it was written too late.
   *
   * While this process stood still, others may have written the same positions, and merged them into a segment before.
   */
  async #isLast(segment: Segment): Promise<boolean> {
    if (this.#clock.now() - this.#seenAt <= staleMs) {
      this.#index.push(segment);
      this.#seenAt = this.#clock.now();
      return true;
    }
    this.forget();
    if ((await this.all()).some(({ key }) => key === segment.key)) return true;
    await ifFound(this.#blobs.delete(segment.key));
    return false;
  }

  get #isStale(): boolean {
    const now = this.#clock.now();
    return now - Math.min(this.#listedAt, this.#seenAt) > staleMs || now < this.#listedAt;
  }

  /** Adds the segments that were written since. */
  async #refresh(): Promise<void> {
    if (this.#isStale) return await this.#list();
    const now = this.#clock.now();
    for (;;) {
      const key = segmentKey(this.topic, this.#index.at(-1)?.next ?? 0);
      const blob = await ifFound(this.#blobs.properties(key));
      const segment = blob && segmentOf(blob);
      if (!segment) break;
      this.#index.push(segment);
    }
    this.#seenAt = now;
  }

  async #list(): Promise<void> {
    const now = this.#clock.now();
    const index: Segment[] = [];
    for await (const blob of this.#blobs.list(segmentPrefix(this.topic))) {
      const segment = segmentOf(blob);
      // Leaves out what is left of a merge that was interrupted.
      if (segment && segment.from >= (index.at(-1)?.next ?? 0)) index.push(segment);
    }
    this.#index = index;
    this.#listedAt = now;
    this.#seenAt = now;
  }

  /** Reads the identities of the newest events that were not seen yet. */
  async #identify(): Promise<void> {
    for (const segment of this.#index.slice(-remembered)) {
      if (segment.next <= this.#identifiedTo) continue;
      for (const { event } of (await this.events(segment)) ?? []) this.#identities.add(identityOf(event));
      this.#identifiedTo = segment.next;
    }
    for (const oldest of this.#identities) {
      if (this.#identities.size <= maxIdentities) break;
      this.#identities.delete(oldest);
    }
  }
}
