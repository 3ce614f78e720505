import { randomInt } from "node:crypto";
import type { Clock } from "../../../src/base/clock.ts";
import type { QueueCounts } from "../../../src/contract/queue-operator.ts";
import type { Event } from "../../../src/events/event.ts";
import { leaseLost } from "../../../src/provider-kit/errors.ts";
import type { UnreadableRow } from "../../../src/provider-kit/unreadable-rows.ts";
import type { SqliteClient } from "../file/client.ts";
import type { Statement } from "../file/driver.ts";
import { UndoGroup } from "../file/group-commit.ts";
import { positionOf, type KeptTopics } from "./log/kept-topics.ts";
import { InsertBuffer } from "./insert-buffer.ts";
import type { LeaseWaiter } from "./lease-waiter.ts";
import { SqliteLease } from "./lease.ts";
import { cancelLabel, readRow, type EventRow } from "../../../src/provider-kit/event-row.ts";
import type { Processes } from "./processes.ts";
import { RecentEvents } from "./recent-events.ts";
import type { Subscription } from "./topology.ts";

/** A message that is about to be leased. */
interface Candidate {
  readonly id: number;
  readonly in_line: number;
  readonly attempts: number;
  readonly first_seen: number | null;
  /** The position of an event that its topic keeps. */
  readonly position: number | null;
}

export interface TakenMessages {
  readonly leases: SqliteLease[];
  readonly unreadable: readonly UnreadableRow<SqliteLease>[];
}

const held = "id = ? AND lease = ? AND due > ?";
/** Selects leases and delays that start in the future, by more than the difference between clocks. */
const ahead = "subscription IN (SELECT id FROM subscriptions) AND due > ?1 AND counted_from >= ?1 + 1000";
/** The event of a message, which may be a row of the log. */
const wholeEvent = "coalesce((SELECT log.event FROM log WHERE log.id = log_id), event)";
/** The time that an event names, which it waits for until it is tried. */
const named = `iif(attempts = 0 AND json_valid(${wholeEvent}), coalesce(${wholeEvent} ->> 'enqueueTime', 0), 0)`;

/**
 * The messages of all subscriptions.
 *
 * Methods are called within a group, except `nextDue`, `counts` and `oldest`. Times are in ms since the epoch.
 */
export class Messages {
  readonly #insertInLine: Statement;
  readonly #insertForLater: Statement;
  readonly #findDue: Statement<Candidate>;
  readonly #read: Statement<EventRow & { readonly id: number }>;
  readonly #lease: Statement;
  readonly #find: Statement;
  readonly #remove: Statement;
  readonly #renew: Statement;
  readonly #abandon: Statement;
  readonly #countAnew: Statement;
  readonly #releaseNext: Statement;
  readonly #findLate: Statement<{ readonly id: number }>;
  readonly #moveInLine: Statement;
  readonly #lineUp: Statement;
  readonly #label: Statement;
  readonly #delete: Statement;
  readonly #deleteAll: Statement;
  readonly #client: SqliteClient;
  readonly #clock: Clock;
  readonly #processes: Processes;
  readonly #kept: KeptTopics;
  readonly #recent = new RecentEvents();
  /** Buffered until the group is flushed: rows to insert, and leases whose rows are to be deleted. */
  readonly #added: InsertBuffer;
  #removed: SqliteLease[] = [];
  /** The earliest time when a message of a subscription may be due, unless another process changes it. */
  readonly #quietUntil = new Map<number, number>();
  /** Counts up from a random start, so that tokens of processes do not collide. */
  #nextToken: number = randomInt(2 ** 47);

  constructor(client: SqliteClient, clock: Clock, processes: Processes, kept: KeptTopics) {
    this.#client = client;
    this.#clock = clock;
    this.#processes = processes;
    this.#kept = kept;
    this.#added = new InsertBuffer(client, {
      tokens: (count) => this.tokens(count),
      process: () => processes.own(),
      inserted: (id, event) => this.#inserted(id, event),
      handed: (id, event) => this.#labelled(id, event),
    });
    this.#insertInLine = client.prepare(
      "INSERT INTO messages (subscription, due, counted_from, order_key, event, body) " +
        "SELECT ?1, iif(EXISTS (SELECT 1 FROM messages WHERE subscription = ?1 AND order_key = ?3), " +
        "NULL, ?2), ?2, ?3, ?4, ?5",
    );
    this.#insertForLater = client.prepare(
      "INSERT INTO messages (subscription, due, order_later, event, body) VALUES (?, ?, ?, ?, ?)",
    );
    this.#findDue = client.prepare(
      `SELECT id, order_key IS NOT NULL AS in_line, attempts, first_seen, ${positionOf("log_id")} FROM messages ` +
        "WHERE subscription = ? AND due <= ? ORDER BY due, id LIMIT ?",
    );
    this.#read = client.prepare(
      `SELECT id, ${client.text("event")}, ${client.text("body")} FROM whole_messages ` +
        "WHERE id IN (SELECT value FROM json_each(?))",
    );
    this.#lease = client.prepare(
      "UPDATE messages SET due = ?1, lease = ?2 + key, process = ?3, attempts = attempts + 1, " +
        "first_seen = coalesce(first_seen, ?4), counted_from = ?4 FROM json_each(?5) AS found " +
        "WHERE messages.id = found.value",
    );
    this.#find = client.prepare(`SELECT 1 FROM messages WHERE ${held}`);
    // Matching ids and tokens apart is correct, because each token belongs to one lease.
    this.#remove = client.prepare(
      "DELETE FROM messages WHERE id IN (SELECT value FROM json_each(?)) " +
        "AND lease IN (SELECT value FROM json_each(?)) AND due > ?",
    );
    this.#renew = client.prepare(
      "UPDATE messages SET due = ?1, counted_from = ?4 WHERE id = ?2 AND lease = ?3 AND due > ?4",
    );
    this.#abandon = client.prepare(
      "UPDATE messages SET due = ?1, lease = NULL, attempts = attempts - ?2, counted_from = ?5 " +
        "WHERE id = ?3 AND lease = ?4 AND due > ?5",
    );
    this.#countAnew = client.prepare(
      `UPDATE messages SET due = max(?1 + due - counted_from, ${named}), counted_from = ?1, ` +
        `first_seen = min(first_seen, ?1) WHERE ${ahead}`,
    );
    this.#releaseNext = client.prepare(
      "UPDATE messages SET due = 0 WHERE due IS NULL AND id = (SELECT min(next.id) FROM messages AS was " +
        "JOIN messages AS next ON next.subscription = was.subscription AND next.order_key = was.order_key " +
        "AND next.id <> was.id WHERE was.id = ?)",
    );
    this.#findLate = client.prepare(
      "SELECT id FROM messages WHERE subscription = ? AND order_later IS NOT NULL " +
        "AND due <= ? AND lease IS NULL ORDER BY due, id",
    );
    // Compare keys within SQLite only: drivers cut off a key at NUL.
    this.#moveInLine = client.prepare(
      "INSERT INTO messages " +
        "(subscription, due, counted_from, order_key, attempts, first_seen, log_id, cancel_label, event, body) " +
        "SELECT subscription, iif(EXISTS (SELECT 1 FROM messages AS other " +
        "WHERE other.subscription = late.subscription AND other.order_key = late.order_later), " +
        "NULL, due), counted_from, order_later, attempts, first_seen, log_id, " +
        "cancel_label, event, body FROM messages AS late WHERE id = ?",
    );
    this.#lineUp = client.prepare(
      `UPDATE messages SET order_later = iif(json_valid(${wholeEvent}), ${wholeEvent} ->> 'partitionKey', NULL) ` +
        "WHERE subscription = ? AND order_key IS NULL AND lease IS NULL",
    );
    this.#label = client.prepare("UPDATE messages SET cancel_label = ? WHERE id = ?");
    this.#delete = client.prepare("DELETE FROM messages WHERE id = ?");
    this.#deleteAll = client.prepare("DELETE FROM messages WHERE subscription = ?");
    client.addHooks({ flush: () => this.#flush(), rolledBack: () => this.#rolledBack() });
  }

  /** Adds a message that may be leased from `due` on. Subscriptions share the `row` of the event. */
  add(subscription: Subscription, event: Event, row: EventRow, due: number, now: number): void {
    const { id } = subscription;
    this.dueAt(id, due);
    const countedFrom = due <= now ? due : null;
    if (!isInLine(subscription, event)) return this.#added.add({ subscription, due, countedFrom }, event, row);
    // A delayed message gets in line when it is due, see #joinLine.
    const insert = due <= now ? this.#insertInLine : this.#insertForLater;
    this.#inserted(insert.insert([id, due, event.partitionKey ?? null, row.event, row.body]), event);
  }

  #inserted(row: number, event: Event): void {
    this.#recent.add(row, event);
    this.#labelled(row, event);
  }

  /** Labels a message by which it is cancelled. */
  #labelled(row: number, { cancelKey }: Event): void {
    if (cancelKey !== undefined) this.#label.run([cancelLabel(cancelKey), row]);
  }

  /** Remembers the event of a row that was inserted, so that a lease need not read it. */
  remember(row: number, event: Event): void {
    this.#recent.add(row, event);
  }

  /** Adds a message that is leased to a waiter already. Not for messages in line, see {@link isInLine}. */
  hand(subscription: Subscription, event: Event, row: EventRow, waiter: LeaseWaiter, now: number): void {
    const due = now + waiter.leaseMs;
    this.dueAt(subscription.id, due);
    this.#added.add({ subscription, due, countedFrom: now, handed: { waiter, now } }, event, row);
  }

  /** Puts messages in line that were pushed before the subscription was ordered. */
  lineUp(subscription: Subscription, now: number): void {
    this.#flush();
    this.#quietUntil.delete(subscription.id);
    this.#lineUp.run([subscription.id]);
    this.#joinLine(subscription, now);
  }

  /** Leases up to `max` due messages, abandoned ones first. Returns unreadable rows apart. */
  take(subscription: Subscription, max: number, leaseMs: number, now: number): () => TakenMessages {
    this.#added.flush();
    if (subscription.ordered) this.#joinLine(subscription, now);
    const found = this.#findDue.all([subscription.id, now, max]);
    const token = this.tokens(found.length);
    this.#quietUntil.delete(subscription.id);
    if (found.length > 0) {
      const ids = jsonOf(found.map(({ id }) => id));
      this.#lease.run([now + leaseMs, token, this.#processes.own(), now, ids]);
    }
    const replayed = found.map(({ position }) => this.#kept.replayed(subscription, position));
    const atHand = found.map(({ id }) => this.#recent.take(id));
    const rows = this.#rowsOf(found.filter((_, index) => !atHand[index]));
    // Make the events after the commit, to hold the write lock no longer than necessary.
    const queueName = subscription.name.toString();
    return () => {
      const leases: SqliteLease[] = [];
      const unreadable: UnreadableRow<SqliteLease>[] = [];
      found.forEach((one, index) => {
        const known = atHand[index]?.with({ queueName });
        const { event, problem } = known
          ? { event: known, problem: undefined }
          : readRow(rows.get(one.id) as EventRow, queueName);
        const lease = new SqliteLease({
          id: one.id,
          token: token + index,
          subscription,
          inLine: one.in_line === 1,
          event,
          attempt: one.attempts + 1,
          firstSeen: one.first_seen ?? now,
          expiresAt: now + leaseMs,
          position: one.position ?? undefined,
          replayed: replayed[index],
        });
        if (problem) unreadable.push({ lease, problem });
        else leases.push(lease);
      });
      return { leases, unreadable };
    };
  }

  #rowsOf(messages: readonly Candidate[]): ReadonlyMap<number, EventRow> {
    if (messages.length === 0) return new Map();
    return new Map(this.#read.all([jsonOf(messages.map(({ id }) => id))]).map((row) => [row.id, row]));
  }

  /** @throws BeeHiveError `LeaseLost` when the lease is not held. */
  assertHeld(lease: SqliteLease, now: number): void {
    if (!this.#find.get([lease.id, lease.token, now])) throw leaseLost(lease);
  }

  /** @throws BeeHiveError `LeaseLost` when the time of a lease is over. {@link remove} finds those that others took. */
  assertNoneEnded(leases: readonly SqliteLease[], now: number): void {
    for (const lease of leases) if (lease.expiresAt <= now) throw leaseLost(lease);
  }

  /**
   * Ends the lease and deletes the message, at the latest when the group is flushed.
   *
   * A lease that is not held then rolls back the group. Its operations run again alone, and this one fails with
   * `LeaseLost`.
   */
  remove(lease: SqliteLease, now: number): void {
    if (lease.expiresAt <= now) throw leaseLost(lease);
    this.#removed.push(lease);
    if (!lease.inLine) return;
    this.#releaseNext.run([lease.id]);
    this.#flush();
    this.dueAt(lease.subscription.id, 0);
  }

  /** Renews the lease until `until`. Returns false if it is not held. */
  renew(lease: SqliteLease, until: number, now: number): boolean {
    return this.#renew.run([until, lease.id, lease.token, now]) > 0;
  }

  /** Ends the lease and makes the message due after `delayMs`. @throws BeeHiveError `LeaseLost`, without a change. */
  abandon(lease: SqliteLease, delayMs: number, countAttempt: boolean, now: number): void {
    const due = delayMs > 0 ? now + delayMs : 0;
    const changed = this.#abandon.run([due, countAttempt ? 0 : 1, lease.id, lease.token, now]);
    if (changed === 0) throw leaseLost(lease);
    this.dueAt(lease.subscription.id, due);
  }

  deleteAll({ id }: Subscription): void {
    this.#flush();
    this.#deleteAll.run([id]);
  }

  /**
   * Restarts leases and delays that were counted by a clock which was ahead, so that they last as long as intended.
   *
   * An event without an `enqueueTime` that was not tried is due now; the `enqueueTime` of others is kept. Resolves with
   * true if there were any.
   */
  async countAnew(now: number): Promise<boolean> {
    this.forget();
    if (!this.#client.query(`SELECT 1 FROM messages WHERE ${ahead} LIMIT 1`).get([now])) return false;
    await this.#client.write(() => this.#countAnew.run([this.#clock.now()]));
    this.forget();
    return true;
  }

  /** Returns the earliest time when a message is due; `Infinity` when there is none. */
  nextDue({ id }: Subscription): number {
    const quietUntil = this.#quietUntil.get(id);
    if (quietUntil !== undefined && quietUntil > this.#clock.now()) return quietUntil;
    const next = this.#client
      .query<{ readonly due: number }>(
        "SELECT due FROM messages WHERE subscription = ? AND due IS NOT NULL ORDER BY due LIMIT 1",
      )
      .get([id]);
    const due = next?.due ?? Infinity;
    this.#quietUntil.set(id, due);
    return due;
  }

  /** Forgets cached times, because other processes may have changed messages. */
  forget(): void {
    this.#quietUntil.clear();
  }

  /** Remembers that a message will be due at that time. */
  dueAt(subscription: number, due: number): void {
    const quietUntil = this.#quietUntil.get(subscription);
    if (quietUntil !== undefined && due < quietUntil) this.#quietUntil.set(subscription, due);
  }

  /** Reserves consecutive tokens. Returns the first. */
  tokens(count: number): number {
    const first = this.#nextToken;
    this.#nextToken += count;
    return first;
  }

  counts({ id }: Subscription, now: number): Omit<QueueCounts, "dead"> {
    const counts = this.#client
      .query<Omit<QueueCounts, "dead">>(
        "SELECT count(*) FILTER (WHERE due IS NULL OR due <= ?1) AS ready, " +
          "count(*) FILTER (WHERE due > ?1 AND lease IS NOT NULL) AS leased, " +
          "count(*) FILTER (WHERE due > ?1 AND lease IS NULL) AS delayed FROM messages WHERE subscription = ?2",
      )
      .get([now, id]);
    return counts ?? { ready: 0, leased: 0, delayed: 0 };
  }

  /** Returns the timestamp, or the later `enqueueTime`, of the event that has been due for the longest time. */
  oldest({ id }: Subscription, now: number): number | undefined {
    const first = this.#client
      .query<{ readonly timestamp: unknown }>(
        "SELECT iif(json_valid(event), max(event ->> 'timestamp', coalesce(event ->> 'enqueueTime', 0)), NULL) " +
          "AS timestamp FROM whole_messages " +
          "WHERE subscription = ? AND due <= ? ORDER BY due, id LIMIT 1",
      )
      .get([id, now]);
    return typeof first?.timestamp === "number" ? first.timestamp : undefined;
  }

  /** Puts delayed messages that are due now at the end of the line of their key. */
  #joinLine({ id }: Subscription, now: number): void {
    for (const { id: late } of this.#findLate.all([id, now])) {
      this.#moveInLine.run([late]);
      this.#delete.run([late]);
    }
  }

  /** Writes what the group has buffered, for statements that look at all messages. */
  flush(): void {
    this.#flush();
  }

  #flush(): void {
    this.#flushRemoved();
    this.#added.flush();
  }

  /** Drops everything cached, because the ids of rolled-back rows will be used again. */
  #rolledBack(): void {
    this.#quietUntil.clear();
    this.#added.clear();
    this.#removed = [];
    this.#recent.clear();
  }

  #flushRemoved(): void {
    const leases = this.#removed;
    const [first] = leases;
    if (!first) return;
    this.#removed = [];
    const ids = jsonOf(leases.map(({ id }) => id));
    const tokens = jsonOf(leases.map(({ token }) => token));
    if (this.#remove.run([ids, tokens, this.#clock.now()]) < leases.length) throw new UndoGroup(leaseLost(first));
  }
}

/** Returns true if the event is ordered by its key. */
export function isInLine({ ordered }: Subscription, { partitionKey }: Event): boolean {
  return ordered && Boolean(partitionKey);
}

function jsonOf(numbers: readonly number[]): string {
  return `[${numbers.join(",")}]`;
}
