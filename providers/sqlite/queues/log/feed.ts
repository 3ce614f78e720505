import type { Event } from "../../../../src/events/event.ts";
import type { SqliteClient } from "../../file/client.ts";
import type { Statement } from "../../file/driver.ts";
import { SqliteLease } from "../lease.ts";
import type { LeaseWaiter } from "../lease-waiter.ts";
import { eventOf, type EventRow } from "../../../../src/provider-kit/event-row.ts";
import type { Messages } from "../messages.ts";
import type { Processes } from "../processes.ts";
import type { Subscription } from "../topology.ts";
import { positionOf, rowAt, rowsEnd, type KeptTopics, type Reader } from "./kept-topics.ts";

/** Events that an ordered subscription takes from the log at once, and those that may wait behind others. */
const minFed = 64;
const maxInLine = 10_000;

/** The dependencies of a feed. */
export interface FeedParts {
  readonly kept: KeptTopics;
  readonly messages: Messages;
  readonly processes: Processes;
}

/** Events that the current group hands to a waiter. */
interface Handed {
  readonly subscription: Subscription;
  readonly reader: Reader;
  readonly due: number;
  readonly now: number;
  readonly positions: number[];
  readonly events: Event[];
  readonly rows: EventRow[];
}

interface Place {
  readonly position: number;
  readonly due: number | null;
}

/**
 * Moves events of the log into the messages of a subscription, where they are leased as any other.
 *
 * The messages refer to the rows of the log, so that an event is stored once for all subscriptions.
 */
export class Feed {
  readonly #parts: FeedParts;
  readonly #countDue: Statement<{ readonly count: number }>;
  readonly #countInLine: Statement<{ readonly count: number }>;
  readonly #next: Statement<Place>;
  readonly #insert: Statement;
  readonly #insertInLine: Statement;
  readonly #insertLeased: Statement;
  readonly #handed = new Map<LeaseWaiter, Handed>();

  constructor(client: SqliteClient, parts: FeedParts) {
    this.#parts = parts;
    const count = (condition: string): Statement<{ readonly count: number }> =>
      client.prepare(
        `SELECT count(*) AS count FROM (SELECT 1 FROM messages WHERE subscription = ? AND ${condition} LIMIT ?)`,
      );
    this.#countDue = count("due <= ?");
    this.#countInLine = count("due IS NULL");
    this.#next = client.prepare(
      `SELECT ${positionOf("id")}, due FROM log WHERE id >= ${rowAt("?1", "?2")} AND id < ${rowsEnd("?1")} ` +
        "ORDER BY id LIMIT ?3",
    );
    const fresh = `FROM log WHERE id BETWEEN ${rowAt("?1", "?2")} AND ${rowAt("?1", "?3")}`;
    this.#insert = client.prepare(
      "INSERT INTO messages (subscription, due, counted_from, log_id, event, body) " +
        `SELECT ?4, max(?5, coalesce(due, 0)), iif(due > ?5, NULL, ?5), id, '', '' ${fresh} ORDER BY id`,
    );
    // Of each key, only the first waits for no other.
    this.#insertInLine = client.prepare(
      "INSERT INTO messages (subscription, due, counted_from, order_key, order_later, log_id, event, body) " +
        "SELECT ?4, iif(late, due, iif(line IS NOT NULL AND (nth > 1 OR EXISTS (SELECT 1 FROM messages " +
        "WHERE subscription = ?4 AND order_key = line)), NULL, ?5)), iif(late, NULL, ?5), iif(late, NULL, line), " +
        "iif(late, line, NULL), id, '', '' FROM (SELECT *, row_number() OVER (PARTITION BY line, late ORDER BY id) AS nth " +
        `FROM (SELECT id, nullif(key, '') AS line, due, coalesce(due > ?5, 0) AS late ${fresh})) ORDER BY id`,
    );
    this.#insertLeased = client.prepare(
      "INSERT INTO messages (subscription, due, lease, process, attempts, first_seen, counted_from, log_id, event, body) " +
        `SELECT ?1, ?2, ?3 + key, ?4, 1, ?5, ?5, ${rowAt("?6", "value")}, '', '' FROM json_each(?7)`,
    );
    client.addHooks({ flush: () => this.flush(), rolledBack: () => this.#handed.clear() });
  }

  /** True if the log has events that the subscription has not taken. */
  hasUnread(subscription: Subscription): boolean {
    const reader = this.#parts.kept.reader(subscription);
    return reader !== undefined && reader.position < reader.topic.next;
  }

  /** Moves events into the queue until `max` are ready, if there are so many. Call within a group. */
  fill(subscription: Subscription, max: number, now: number): void {
    const { kept } = this.#parts;
    const reader = kept.reader(subscription);
    if (!reader || reader.position >= reader.topic.next) return;
    this.flush();
    kept.flush();
    const { id, ordered } = subscription;
    while (reader.position < reader.topic.next) {
      const missing = max - (this.#countDue.get([id, now, max])?.count ?? 0);
      if (missing <= 0) return;
      if (ordered && this.#countInLine.get([id, maxInLine])?.count === maxInLine) return;
      this.#take(subscription, reader, ordered ? Math.max(missing, minFed) : missing, now);
    }
  }

  #take({ id, ordered }: Subscription, reader: Reader, count: number, now: number): void {
    const { kept, messages } = this.#parts;
    const { topic, position } = reader;
    const places = this.#next.all([topic.id, position, count]);
    const [first, last] = [places[0]?.position, places.at(-1)?.position];
    if (first === undefined || last === undefined) return kept.move(reader, topic.next);
    const insert = ordered ? this.#insertInLine : this.#insert;
    const row = insert.insert([topic.id, first, last, id, now]) - places.length + 1;
    places.forEach((place, n) => {
      const event = kept.recent(topic, place.position);
      if (event) messages.remember(row + n, event);
    });
    kept.move(reader, last + 1);
  }

  /** Leases an event to a waiter of a subscription that has taken all before it. Call within a group. */
  hand(
    subscription: Subscription,
    reader: Reader,
    event: Event,
    row: EventRow,
    waiter: LeaseWaiter,
    now: number,
  ): void {
    let handed = this.#handed.get(waiter);
    if (!handed) {
      const due = now + waiter.leaseMs;
      handed = { subscription, reader, due, now, positions: [], events: [], rows: [] };
      this.#handed.set(waiter, handed);
      this.#parts.messages.dueAt(subscription.id, due);
    }
    handed.positions.push(reader.position);
    handed.events.push(event);
    handed.rows.push(row);
    this.#parts.kept.move(reader, reader.position + 1);
  }

  /** Writes the leases of the events that were handed over. */
  flush(): void {
    for (const [waiter, handed] of this.#handed) this.#write(waiter, handed);
    this.#handed.clear();
  }

  #write(waiter: LeaseWaiter, { subscription, reader, due, now, positions, events, rows }: Handed): void {
    const { messages, processes } = this.#parts;
    const token = messages.tokens(positions.length);
    const values = [subscription.id, due, token, processes.own(), now, reader.topic.id, `[${positions.join(",")}]`];
    // The rows of one INSERT have consecutive ids, because no other process writes meanwhile.
    const first = this.#insertLeased.insert(values) - positions.length + 1;
    const queueName = subscription.name.toString();
    events.forEach((published, n) => {
      // A body by reference differs from that of the row.
      const event = published.byReference ? eventOf(rows[n] as EventRow, queueName) : published.with({ queueName });
      waiter.hand(SqliteLease.ofNew(first + n, token + n, subscription, event, now, due, positions[n]));
    });
  }
}
