import type { KeepRule, Replayed, ReplayedOutputs } from "../../../../src/contract/topic-log.ts";
import type { Event } from "../../../../src/events/event.ts";
import type { SqliteClient } from "../../file/client.ts";
import type { Statement } from "../../file/driver.ts";
import type { Value } from "../../file/values.ts";
import type { EventRow } from "../../../../src/provider-kit/event-row.ts";
import { RecentEvents } from "../recent-events.ts";
import type { Subscription } from "../topology.ts";

/** The head of a topic that keeps its events. */
export interface KeptTopic {
  /** The id of the destination. */
  readonly id: number;
  readonly rule: KeepRule;
  /** The position of the next event. */
  next: number;
  /** The time of the last event, in ms since the epoch. */
  published: number;
  /** The bytes of all bodies. */
  bytes: number;
  /** Events before this position may have gaps. */
  compacted: number;
  readonly readers: Reader[];
}

/** A subscription of a topic that keeps its events. */
export interface Reader {
  readonly subscription: number;
  readonly topic: KeptTopic;
  /** The position of the next event to move into the queue. */
  position: number;
  /** The number of rewinds; events before `until` are replayed. */
  readonly rewind: number;
  readonly until: number;
  readonly outputs: ReplayedOutputs;
}

/** Rows in one INSERT, larger first. A call of the driver costs more than a row. */
const batchSizes = [32, 8, 1];

/** Events of a topic that the current group appends. */
interface Appended {
  readonly first: number;
  readonly events: Event[];
  readonly rows: EventRow[];
}

/** Returns the SQL of the row at a position. A sum would be inexact, because a driver passes numbers as floats. */
export function rowAt(topic: string, position: string): string {
  return `((${topic} << 40) | ${position})`;
}

/** Returns the SQL of the row after the last one of a topic. */
export function rowsEnd(topic: string): string {
  return `((${topic} + 1) << 40)`;
}

/** Returns the SQL that selects the position of a row of the log. */
export function positionOf(id: string): string {
  return `${id} & 0xFFFFFFFFFF AS position`;
}

/**
 * The topics that keep their events, with their heads and readers.
 *
 * Cached until a process changes them. SQLite has one writer, so a group knows the next position of each topic.
 */
export class KeptTopics {
  readonly #client: SqliteClient;
  readonly #inserts: readonly { readonly size: number; readonly statement: Statement }[];
  readonly #updateTopic: Statement;
  readonly #updateReader: Statement;
  readonly #topics = new Map<number, KeptTopic>();
  readonly #readers = new Map<number, Reader>();
  readonly #appended = new Map<KeptTopic, Appended>();
  readonly #changed = new Set<KeptTopic>();
  readonly #moved = new Set<Reader>();
  readonly #recent = new RecentEvents();
  #stale = true;

  constructor(client: SqliteClient) {
    this.#client = client;
    this.#inserts = batchSizes.map((size) => {
      const rows = Array.from({ length: size }, (_, row) => `(${rowAt("?1", `(?2 + ${row})`)}, ?3, ?, ?, ?, ?)`);
      const statement = client.prepare(
        `INSERT INTO log (id, published, due, key, event, body) VALUES ${rows.join(", ")}`,
      );
      return { size, statement };
    });
    this.#updateTopic = client.prepare(
      "UPDATE kept_topics SET next = ?, published = ?, bytes = ?, compacted = ? WHERE topic = ?",
    );
    this.#updateReader = client.prepare("UPDATE readers SET position = ? WHERE subscription = ?");
    client.addHooks({
      flush: () => this.flush(),
      rolledBack: () => {
        this.forget();
        this.#recent.clear();
        for (const some of [this.#appended, this.#changed, this.#moved]) some.clear();
      },
    });
  }

  /** Reads everything again before the next lookup, because another process may have changed it. */
  forget(): void {
    this.#stale = true;
  }

  /** Returns a topic; `undefined` when it keeps no events. */
  topic(destination: number): KeptTopic | undefined {
    if (this.#stale) this.#read();
    return this.#topics.get(destination);
  }

  all(): Iterable<KeptTopic> {
    if (this.#stale) this.#read();
    return this.#topics.values();
  }

  /** Returns the reader of a subscription; `undefined` when its topic keeps no events. */
  reader({ id }: Pick<Subscription, "id">): Reader | undefined {
    if (this.#stale) this.#read();
    return this.#readers.get(id);
  }

  /** Returns the mark of an event that a rewind delivers again. */
  replayed(subscription: Subscription, position: number | null): Replayed | undefined {
    const reader = position === null ? undefined : this.reader(subscription);
    if (!reader || position === null || position >= reader.until) return undefined;
    return { position, rewind: reader.rewind, outputs: reader.outputs };
  }

  /** Appends an event. Returns its position. Call within a group. */
  append(topic: KeptTopic, event: Event, row: EventRow, now: number): number {
    let appended = this.#appended.get(topic);
    if (!appended) {
      this.#appended.set(topic, (appended = { first: topic.next, events: [], rows: [] }));
      // Time never runs backwards along the positions, also when the clock was put back. A group has one time.
      topic.published = Math.max(now, topic.published);
      this.#changed.add(topic);
    }
    appended.events.push(event);
    appended.rows.push(row);
    topic.bytes += Buffer.byteLength(row.body);
    if (topic.id <= maxCached) this.#recent.add(cacheKey(topic, topic.next), event);
    return topic.next++;
  }

  /** Returns an event that this process appended lately. */
  recent(topic: KeptTopic, position: number): Event | undefined {
    return topic.id <= maxCached ? this.#recent.get(cacheKey(topic, position)) : undefined;
  }

  /** Moves a reader forward. Call within a group. */
  move(reader: Reader, position: number): void {
    reader.position = position;
    this.#moved.add(reader);
  }

  /** Notes that the head of a topic changed. Call within a group. */
  change(topic: KeptTopic): void {
    this.#changed.add(topic);
  }

  /** Writes what the group has changed so far. */
  flush(): void {
    for (const [topic, appended] of this.#appended) this.#insert(topic, appended);
    this.#appended.clear();
    for (const { id, next, published, bytes, compacted } of this.#changed)
      this.#updateTopic.run([next, published, bytes, compacted, id]);
    this.#changed.clear();
    for (const { position, subscription } of this.#moved) this.#updateReader.run([position, subscription]);
    this.#moved.clear();
  }

  #insert({ id, published }: KeptTopic, { first, events, rows }: Appended): void {
    let at = 0;
    for (const { size, statement } of this.#inserts) {
      for (; rows.length - at >= size; at += size) {
        const values: Value[] = [id, first + at, published];
        for (let n = at; n < at + size; n++) {
          const { partitionKey, enqueueTime } = events[n] as Event;
          const { event, body } = rows[n] as EventRow;
          values.push(enqueueTime?.getTime() ?? null, partitionKey ?? null, event, body);
        }
        statement.run(values);
      }
    }
  }

  #read(): void {
    this.#topics.clear();
    this.#readers.clear();
    const topics = this.#client.query<Omit<KeptTopic, "rule" | "readers"> & { readonly rule: string }>(
      "SELECT topic AS id, rule, next, published, bytes, compacted FROM kept_topics",
    );
    const readers = this.#client.query<Omit<Reader, "topic"> & { readonly topic: number }>(
      "SELECT subscription, topic, position, rewind, until, outputs FROM readers",
    );
    for (const row of topics.all([])) this.#topics.set(row.id, { ...row, rule: ruleFrom(row.rule), readers: [] });
    for (const row of readers.all([])) {
      const topic = this.#topics.get(row.topic);
      if (!topic) continue;
      const reader = { ...row, topic };
      topic.readers.push(reader);
      this.#readers.set(row.subscription, reader);
    }
    this.#stale = false;
  }
}

/** Topics up to this id have numbers for the cache. */
const maxCached = 2 ** 13 - 1;

function cacheKey({ id }: KeptTopic, position: number): number {
  return id * 2 ** 40 + position;
}

/** Returns the text of a rule; what has no bound is left out. */
export function ruleText({ forMs, maxBytes, compact, evenUnread }: KeepRule): string {
  const bound = (value: number): number | undefined => (value === Infinity ? undefined : value);
  return JSON.stringify({ forMs: bound(forMs), maxBytes: bound(maxBytes), compact, evenUnread });
}

function ruleFrom(text: string): KeepRule {
  const { forMs = Infinity, maxBytes = Infinity, compact, evenUnread } = JSON.parse(text) as Partial<KeepRule>;
  return { forMs, maxBytes, compact: compact === true, evenUnread: evenUnread === true };
}
