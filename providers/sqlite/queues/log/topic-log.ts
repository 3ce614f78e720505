import type { Clock } from "../../../../src/base/clock.ts";
import type { QueueSpec } from "../../../../src/contract/queue-operator.ts";
import type {
  ClearedStore,
  KeptEvent,
  LogPosition,
  LogRange,
  LogRequest,
  ReplayedOutputs,
  StartPosition,
  TopicLog,
} from "../../../../src/contract/topic-log.ts";
import type { Event } from "../../../../src/events/event.ts";
import { QueueName } from "../../../../src/events/queue-name.ts";
import { noDestination, notKept } from "../../../../src/provider-kit/errors.ts";
import { tablesOf, type TableRange } from "../../../../src/provider-kit/row-stores/index.ts";
import type { SqliteClient } from "../../file/client.ts";
import type { Statement } from "../../file/driver.ts";
import { readRow, rowOf, type EventRow } from "../../../../src/provider-kit/event-row.ts";
import { isInLine, type Messages } from "../messages.ts";
import type { Processes } from "../processes.ts";
import type { Destination, Subscription, Topology } from "../topology.ts";
import type { Waiting } from "../waiting.ts";
import { Feed } from "./feed.ts";
import { positionOf, rowAt, rowsEnd, ruleText, type KeptTopic, type KeptTopics, type Reader } from "./kept-topics.ts";
import { Places } from "./places.ts";
import { Restoring } from "./restoring.ts";
import { Trimming } from "./trimming.ts";

/** The dependencies of the log. */
export interface TopicLogParts {
  readonly kept: KeptTopics;
  readonly topology: Topology;
  readonly messages: Messages;
  readonly processes: Processes;
  readonly waiting: Waiting;
}

interface LogRow extends EventRow {
  readonly position: number;
  readonly published: number;
}

const ofTopic = `id >= ${rowAt("?1", "0")} AND id < ${rowsEnd("?1")}`;

/** The kept events of all topics, in one table. A position is taken within the transaction that publishes the event. */
export class SqliteTopicLog implements TopicLog {
  readonly #client: SqliteClient;
  readonly #clock: Clock;
  readonly #parts: TopicLogParts;
  readonly #places: Places;
  readonly #feed: Feed;
  readonly #trimming: Trimming;
  readonly #restoring: Restoring;
  readonly #keep: Statement;
  readonly #addReader: Statement;
  readonly #rewind: Statement;
  readonly #clear: Statement;
  readonly #enqueueLatest: Statement;
  readonly #deletions: readonly Statement[];
  readonly #deleteReader: Statement;

  constructor(client: SqliteClient, clock: Clock, parts: TopicLogParts) {
    this.#client = client;
    this.#clock = clock;
    this.#parts = parts;
    this.#places = new Places(client);
    this.#feed = new Feed(client, parts);
    this.#restoring = new Restoring(client, parts.kept);
    this.#trimming = new Trimming(client, clock, parts.kept);
    this.#keep = client.prepare(
      "INSERT INTO kept_topics (topic, rule) VALUES (?, ?) ON CONFLICT (topic) DO UPDATE SET rule = excluded.rule",
    );
    this.#addReader = client.prepare("INSERT INTO readers (subscription, topic, position) VALUES (?, ?, ?)");
    this.#rewind = client.prepare(
      "UPDATE readers SET position = ?, rewind = rewind + 1, until = ?, outputs = ? WHERE subscription = ?",
    );
    this.#clear = client.prepare("DELETE FROM items WHERE store >= ? AND store < ?");
    this.#enqueueLatest = client.prepare(
      "INSERT INTO messages (subscription, due, counted_from, order_key, log_id, event, body) " +
        `SELECT ?2, ?3, ?3, iif(?4, nullif(key, ''), NULL), id, '', '' FROM log WHERE ${ofTopic} AND (key IS NULL OR ` +
        "(octet_length(body) > 0 AND NOT EXISTS (SELECT 1 FROM log AS newer WHERE newer.key = log.key AND " +
        `newer.id > log.id AND newer.id < ${rowsEnd("?1")}))) ORDER BY id`,
    );
    this.#deletions = [
      `DELETE FROM log WHERE ${ofTopic}`,
      "DELETE FROM kept_topics WHERE topic = ?1",
      "DELETE FROM readers WHERE topic = ?1",
    ].map((sql) => client.prepare(sql));
    this.#deleteReader = client.prepare("DELETE FROM readers WHERE subscription = ?");
  }

  /** Keeps topics and starts their new subscriptions. Call within a group, after the topology was ensured. */
  ensure(specs: readonly QueueSpec[]): void {
    const { kept, topology } = this.#parts;
    kept.flush();
    const starts = new Map(specs.map(({ name, from = "now" }) => [name.toString(), from]));
    for (const { name, keep } of specs) {
      const topic = keep && topology.findDestination(name);
      if (topic) this.#keep.run([topic.id, ruleText(keep)]);
    }
    kept.forget();
    for (const { name } of specs) {
      const topic = topology.findDestination(name);
      const head = topic && kept.topic(topic.id);
      if (head) this.#startReaders(topic, head, starts);
    }
  }

  #startReaders(topic: Destination, head: KeptTopic, starts: ReadonlyMap<string, StartPosition>): void {
    const { kept } = this.#parts;
    for (const subscription of topic.subscriptions) {
      if (kept.reader(subscription)) continue;
      const from = starts.get(subscription.name.toString()) ?? "now";
      this.#addReader.run([subscription.id, head.id, this.#places.startOf(head, from)]);
      kept.forget();
      if (from === "latest-per-key") this.#enqueue(subscription, head);
    }
  }

  /** Forgets a queue that is about to be deleted. Call within a group. */
  delete(name: QueueName): void {
    const { kept, topology } = this.#parts;
    kept.flush();
    const topic = name.kind === "topic" ? topology.findDestination(name) : undefined;
    const subscription = name.kind === "topic" ? undefined : topology.findSubscription(name);
    if (topic) for (const deletion of this.#deletions) deletion.run([topic.id]);
    if (subscription) this.#deleteReader.run([subscription.id]);
    kept.forget();
  }

  /** Publishes an event to a topic that keeps it. Returns false for any other. Call within a group. */
  publish({ id, subscriptions }: Destination, event: Event, now: number): boolean {
    const { kept, waiting } = this.#parts;
    const topic = kept.topic(id);
    if (!topic) return false;
    const row = rowOf(event);
    const position = kept.append(topic, event, row, now);
    waiting.touch(followersOf(topic));
    const isLate = (event.enqueueTime?.getTime() ?? 0) > now;
    for (const subscription of subscriptions) {
      const reader = kept.reader(subscription);
      const mayHand = !isLate && reader?.position === position && !isInLine(subscription, event);
      const waiter = mayHand ? waiting.waiter(subscription) : undefined;
      if (waiter && reader) this.#feed.hand(subscription, reader, event, row, waiter, now);
      else waiting.touch(subscription);
    }
    return true;
  }

  /** True if the log has events for the subscription that are not in its queue. */
  hasUnread(subscription: Subscription): boolean {
    return this.#feed.hasUnread(subscription);
  }

  /** Moves events into the queue until `max` are ready, if there are so many. Call within a group. */
  fill(subscription: Subscription, max: number, now: number): void {
    this.#feed.fill(subscription, max, now);
  }

  /** Skips the events of the log that are not in the queue of a subscription. Returns how many. Call within a group. */
  skip(subscription: Subscription): number {
    const { kept } = this.#parts;
    const reader = kept.reader(subscription);
    if (!reader) return 0;
    this.#feed.flush();
    const unread = this.unread(subscription);
    kept.move(reader, reader.topic.next);
    return unread;
  }

  /** Returns whether a destination is a topic that keeps its events. */
  keeps({ id }: Destination): boolean {
    return this.#parts.kept.topic(id) !== undefined;
  }

  /** Returns events of the log that are not in the queue of a subscription yet. */
  async next({ name }: Subscription, limit: number): Promise<readonly Event[]> {
    const subscription = this.#parts.topology.subscription(name);
    const reader = this.#parts.kept.reader(subscription);
    if (!reader) return [];
    const kept = await this.read(name.destination, { from: reader.position, limit });
    return kept.map(({ event }) => event.with({ queueName: name.toString() }));
  }

  /** Returns how many events of the log are not in the queue of a subscription. */
  unread(subscription: Subscription): number {
    this.#parts.waiting.look();
    const reader = this.#parts.kept.reader(subscription);
    if (!reader) return 0;
    const { topic, position } = reader;
    const { next, compacted } = topic;
    const from = Math.max(position, this.#places.first(topic));
    if (from >= compacted) return next - from;
    const query = this.#client.query<{ readonly count: number }>(
      `SELECT count(*) AS count FROM log WHERE id >= ${rowAt("?1", "?2")} AND id < ${rowAt("?1", "?3")}`,
    );
    return (query.get([topic.id, from, compacted])?.count ?? 0) + next - compacted;
  }

  /** Returns the time of the oldest event of the log that is not in the queue of a subscription. */
  oldestUnread(subscription: Subscription): number | undefined {
    this.#parts.waiting.look();
    const reader = this.#parts.kept.reader(subscription);
    return reader && this.#places.at(reader.topic, reader.position)?.published;
  }

  async topics(): Promise<readonly QueueName[]> {
    const query = this.#client.query<{ readonly name: string }>(
      "SELECT name FROM destinations WHERE id IN (SELECT topic FROM kept_topics) ORDER BY id",
    );
    return query.all([]).map(({ name }) => QueueName.parse(name));
  }

  async range(topic: QueueName): Promise<LogRange> {
    const head = this.#head(topic);
    return { first: this.#places.first(head), next: head.next };
  }

  async positionAt(topic: QueueName, time: number): Promise<number> {
    return this.#places.positionAt(this.#head(topic), time);
  }

  async read(topic: QueueName, { from, limit, key }: LogRequest): Promise<readonly KeptEvent[]> {
    const { id } = this.#head(topic);
    const query = this.#client.query<LogRow>(
      `SELECT ${positionOf("id")}, published, ${this.#client.text("event")}, ${this.#client.text("body")} FROM log ` +
        `WHERE id >= ${rowAt("?1", "?2")} AND id < ${rowsEnd("?1")} ` +
        `${key === undefined ? "" : "AND key = ?4 "}ORDER BY id LIMIT ?3`,
    );
    const queueName = topic.toString();
    const rows = query.all([id, Math.max(from, 0), limit, ...(key === undefined ? [] : [key])]);
    return rows.map((row) => ({
      position: row.position,
      published: row.published,
      event: readRow(row, queueName).event,
    }));
  }

  async wait(topic: QueueName, position: number, waitMs: number, signal: AbortSignal): Promise<void> {
    const { waiting } = this.#parts;
    const head = this.#head(topic);
    if (signal.aborted || head.next > position) return;
    const until = this.#clock.now() + waitMs;
    await waiting.wait(followersOf(head), { max: 0, leaseMs: 0, until, signal });
  }

  async position(name: QueueName): Promise<LogPosition> {
    this.#parts.waiting.look();
    const subscription = this.#parts.topology.subscription(name);
    const { position } = this.#reader(subscription);
    const { ready, leased, delayed } = this.#parts.messages.counts(subscription, this.#clock.now());
    const behind = ready + leased + delayed + this.unread(subscription);
    const oldest = this.#client
      .query<{ readonly published: number }>(
        "SELECT published FROM log WHERE id = (SELECT min(log_id) FROM messages WHERE subscription = ?)",
      )
      .get([subscription.id]);
    return { position, behind, oldest: oldest?.published ?? this.oldestUnread(subscription) };
  }

  async rewind(
    name: QueueName,
    to: StartPosition,
    outputs: ReplayedOutputs,
    clear: readonly ClearedStore[] = [],
  ): Promise<void> {
    const { kept, topology, messages, waiting } = this.#parts;
    await this.#client.write(() => {
      const subscription = topology.subscription(name);
      const { topic } = this.#reader(subscription);
      this.#feed.flush();
      kept.flush();
      messages.deleteAll(subscription);
      for (const tables of clear.flatMap(tablesOf)) this.#clear.run([tables.from, tables.to]);
      this.#rewind.run([this.#places.startOf(topic, to), topic.next, outputs, subscription.id]);
      kept.forget();
      if (to === "latest-per-key") this.#enqueue(subscription, topic);
      waiting.touch(subscription);
    });
  }

  async restore(name: QueueName, events: readonly KeptEvent[]): Promise<void> {
    await this.#client.write(() => {
      this.#feed.flush();
      this.#parts.kept.flush();
      const topic = this.#head(name);
      this.#restoring.append(name, topic, events);
      this.#parts.waiting.touch(followersOf(topic));
    });
  }

  async countItems(store: ClearedStore): Promise<number> {
    const query = this.#client.query<{ readonly count: number }>(
      "SELECT count(*) AS count FROM items WHERE store >= ? AND store < ?",
    );
    const { from, to } = tablesOf(store)[0] as TableRange;
    return query.get([from, to])?.count ?? 0;
  }

  trim(): Promise<void> {
    return this.#trimming.all();
  }

  /** Adds the newest event of each key to the queue, in front of what the reader takes. */
  #enqueue(subscription: Subscription, topic: KeptTopic): void {
    const now = this.#clock.now();
    this.#enqueueLatest.run([topic.id, subscription.id, now, subscription.ordered ? 1 : 0]);
    this.#parts.messages.dueAt(subscription.id, now);
  }

  #head(name: QueueName): KeptTopic {
    this.#parts.waiting.look();
    const destination = this.#parts.topology.findDestination(name);
    if (!destination) throw noDestination(name);
    const topic = this.#parts.kept.topic(destination.id);
    if (topic) return topic;
    throw notKept(name);
  }

  #reader(subscription: Subscription): Reader {
    const reader = this.#parts.kept.reader(subscription);
    if (reader) return reader;
    throw notKept(subscription.name.destination);
  }
}

/** Returns the number under which those wait who follow a topic. Subscriptions have positive ones. */
function followersOf({ id }: KeptTopic): { readonly id: number } {
  return { id: -id };
}
