import { leaseLost } from "../../../src/provider-kit/errors.ts";
import { randomInt } from "node:crypto";
import type { Clock } from "../../../src/base/clock.ts";
import type { BeeHiveError } from "../../../src/base/errors.ts";
import type { Event } from "../../../src/events/event.ts";
import type { QueueCounts } from "../../../src/contract/queue-operator.ts";
import type { SqliteClient } from "../file/client.ts";
import type { Statement } from "../file/driver.ts";
import { readRow, type EventRow } from "./message.ts";
import { UndoGroup } from "../file/group-commit.ts";
import { InsertBuffer } from "./insert-buffer.ts";
import { SqliteLease } from "./lease.ts";
import type { Processes } from "./processes.ts";
import { RecentEvents } from "./recent-events.ts";
import type { Taker } from "./taker.ts";
import type { Subscription } from "./topology.ts";

/** A message that is about to be leased. */
interface Candidate {
  readonly id: number;
  readonly in_line: number;
  readonly attempts: number;
  readonly first_seen: number | null;
}

/** A row that cannot be read, leased to be given up. */
export interface UnreadableRow {
  readonly lease: SqliteLease;
  readonly problem: BeeHiveError;
}

export interface TakenMessages {
  readonly leases: SqliteLease[];
  readonly unreadable: readonly UnreadableRow[];
}

const held = "id = ? AND lease = ? AND due > ?";
/** What counts from a time to come, by more than clocks differ. */
const ahead = "subscription IN (SELECT id FROM subscriptions) AND due > ?1 AND counted_from >= ?1 + 1000";
/** The time that an event names, which it waits for until it is tried. */
const named = "iif(attempts = 0 AND json_valid(event), coalesce(event ->> 'enqueueTime', 0), 0)";

/**
 * The messages of all subscriptions. All is called within a group, but for `nextDue` and `counts`.
 * Times are handed in, in ms since the epoch.
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
  readonly #giveBack: Statement;
  readonly #countAnew: Statement;
  readonly #releaseNext: Statement;
  readonly #findLate: Statement<{ readonly id: number }>;
  readonly #moveInLine: Statement;
  readonly #lineUp: Statement;
  readonly #delete: Statement;
  readonly #deleteAll: Statement;
  readonly #client: SqliteClient;
  readonly #clock: Clock;
  readonly #processes: Processes;
  readonly #recent = new RecentEvents();
  /** Held back to be written together: rows to insert, and leases whose rows go. */
  readonly #added: InsertBuffer;
  #removed: SqliteLease[] = [];
  /** When a message of a subscription may be due: it never is before, unless another process changes it. */
  readonly #quietUntil = new Map<number, number>();
  /** Counts up from a random start, so that processes do not meet. */
  #nextToken: number = randomInt(2 ** 47);

  constructor(client: SqliteClient, clock: Clock, processes: Processes) {
    this.#client = client;
    this.#clock = clock;
    this.#processes = processes;
    this.#added = new InsertBuffer(client, {
      tokens: (count) => this.#tokens(count),
      process: () => processes.own(),
      inserted: (id, event) => this.#recent.add(id, event),
    });
    this.#insertInLine = client.prepare(
      "INSERT INTO messages (subscription, due, counted_from, order_key, event, body) " +
        "SELECT ?1, iif(EXISTS (SELECT 1 FROM messages WHERE subscription = ?1 AND order_key = ?3), NULL, ?2), ?2, ?3, ?4, ?5",
    );
    this.#insertForLater = client.prepare(
      "INSERT INTO messages (subscription, due, order_later, event, body) VALUES (?, ?, ?, ?, ?)",
    );
    this.#findDue = client.prepare(
      "SELECT id, order_key IS NOT NULL AS in_line, attempts, first_seen FROM messages WHERE subscription = ? AND due <= ? ORDER BY due, id LIMIT ?",
    );
    this.#read = client.prepare(
      `SELECT id, ${client.text("event")}, ${client.text("body")} FROM messages WHERE id IN (SELECT value FROM json_each(?))`,
    );
    this.#lease = client.prepare(
      "UPDATE messages SET due = ?1, lease = ?2 + key, process = ?3, attempts = attempts + 1, " +
        "first_seen = coalesce(first_seen, ?4), counted_from = ?4 FROM json_each(?5) AS found WHERE messages.id = found.value",
    );
    this.#find = client.prepare(`SELECT 1 FROM messages WHERE ${held}`);
    // Sound because a token is that of one lease: a row goes only if the lease that it is under is among these.
    this.#remove = client.prepare(
      "DELETE FROM messages WHERE id IN (SELECT value FROM json_each(?)) " +
        "AND lease IN (SELECT value FROM json_each(?)) AND due > ?",
    );
    this.#renew = client.prepare(
      "UPDATE messages SET due = ?1, counted_from = ?4 WHERE id = ?2 AND lease = ?3 AND due > ?4",
    );
    this.#giveBack = client.prepare(
      "UPDATE messages SET due = ?1, lease = NULL, attempts = attempts - ?2, counted_from = ?5 WHERE id = ?3 AND lease = ?4 AND due > ?5",
    );
    this.#countAnew = client.prepare(
      `UPDATE messages SET due = max(?1 + due - counted_from, ${named}), counted_from = ?1, first_seen = min(first_seen, ?1) WHERE ${ahead}`,
    );
    this.#releaseNext = client.prepare(
      "UPDATE messages SET due = 0 WHERE due IS NULL AND id = (SELECT min(next.id) FROM messages AS was JOIN messages AS next " +
        "ON next.subscription = was.subscription AND next.order_key = was.order_key AND next.id <> was.id WHERE was.id = ?)",
    );
    this.#findLate = client.prepare(
      "SELECT id FROM messages WHERE subscription = ? AND order_later IS NOT NULL AND due <= ? AND lease IS NULL ORDER BY due, id",
    );
    // Keys are compared within SQLite alone: what a driver hands over of one that holds NUL is not all of it.
    this.#moveInLine = client.prepare(
      "INSERT INTO messages (subscription, due, counted_from, order_key, attempts, first_seen, event, body) SELECT subscription, " +
        "iif(EXISTS (SELECT 1 FROM messages AS other WHERE other.subscription = late.subscription AND other.order_key = late.order_later), " +
        "NULL, due), counted_from, order_later, attempts, first_seen, event, body FROM messages AS late WHERE id = ?",
    );
    this.#lineUp = client.prepare(
      "UPDATE messages SET order_later = iif(json_valid(event), event ->> 'partitionKey', NULL) " +
        "WHERE subscription = ? AND order_key IS NULL AND lease IS NULL",
    );
    this.#delete = client.prepare("DELETE FROM messages WHERE id = ?");
    this.#deleteAll = client.prepare("DELETE FROM messages WHERE subscription = ?");
    client.addHooks({ flush: () => this.#flush(), rolledBack: () => this.#rolledBack() });
  }

  /** Adds a message that may be leased from `due` on. `row` is the event as a row, which subscriptions share. */
  add(subscription: Subscription, event: Event, row: EventRow, due: number, now: number): void {
    const { id } = subscription;
    this.#dueAt(id, due);
    const countedFrom = due <= now ? due : null;
    if (!isInLine(subscription, event)) return this.#added.add({ subscription, due, countedFrom }, event, row);
    // A message for later takes its place in line when it is due, see #joinLine.
    const insert = due <= now ? this.#insertInLine : this.#insertForLater;
    this.#recent.add(insert.insert([id, due, event.partitionKey ?? null, row.event, row.body]), event);
  }

  /** Adds a message that is leased already, to somebody who waits for it. Not for one that {@link isInLine}. */
  hand(subscription: Subscription, event: Event, row: EventRow, taker: Taker, now: number): void {
    const due = now + taker.leaseMs;
    this.#dueAt(subscription.id, due);
    this.#added.add({ subscription, due, countedFrom: now, handed: { taker, now } }, event, row);
  }

  /** Has messages that came before the subscription was ordered take their place in line. */
  lineUp(subscription: Subscription, now: number): void {
    this.#flush();
    this.#quietUntil.delete(subscription.id);
    this.#lineUp.run([subscription.id]);
    this.#joinLine(subscription, now);
  }

  /** Leases up to `max` messages that are due, those that came back first; rows that cannot be read are told apart. */
  take(subscription: Subscription, max: number, leaseMs: number, now: number): () => TakenMessages {
    this.#added.flush();
    if (subscription.ordered) this.#joinLine(subscription, now);
    const found = this.#findDue.all([subscription.id, now, max]);
    const token = this.#tokens(found.length);
    this.#quietUntil.delete(subscription.id);
    if (found.length > 0) {
      const ids = jsonOf(found.map(({ id }) => id));
      this.#lease.run([now + leaseMs, token, this.#processes.own(), now, ids]);
    }
    const atHand = found.map(({ id }) => this.#recent.take(id));
    const rows = this.#rowsOf(found.filter((_, index) => !atHand[index]));
    // Events are made after the commit: the lock is held no longer than need be.
    const queueName = subscription.name.toString();
    return () => {
      const leases: SqliteLease[] = [];
      const unreadable: UnreadableRow[] = [];
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

  /** @throws BeeHiveError `LeaseLost`. */
  assertHeld(lease: SqliteLease, now: number): void {
    if (!this.#find.get([lease.id, lease.token, now])) throw leaseLost(lease);
  }

  /**
   * Ends the lease and deletes the message, at the latest when the group ends. A lease that is not held then undoes
   * the group; its operations are run again alone, and this one is refused with `LeaseLost`.
   */
  remove(lease: SqliteLease, now: number): void {
    if (lease.expiresAt <= now) throw leaseLost(lease);
    this.#removed.push(lease);
    if (!lease.inLine) return;
    this.#releaseNext.run([lease.id]);
    this.#flush();
    this.#dueAt(lease.subscription.id, 0);
  }

  /** Answers whether the lease was held, and now is until `until`. */
  renew(lease: SqliteLease, until: number, now: number): boolean {
    return this.#renew.run([until, lease.id, lease.token, now]) > 0;
  }

  /** Ends the lease; the message is due again after `delayMs`. @throws BeeHiveError `LeaseLost`; then nothing changed. */
  giveBack(lease: SqliteLease, delayMs: number, countAttempt: boolean, now: number): void {
    const due = delayMs > 0 ? now + delayMs : 0;
    const changed = this.#giveBack.run([due, countAttempt ? 0 : 1, lease.id, lease.token, now]);
    if (changed === 0) throw leaseLost(lease);
    this.#dueAt(lease.subscription.id, due);
  }

  deleteAll({ id }: Subscription): void {
    this.#flush();
    this.#deleteAll.run([id]);
  }

  /**
   * Counts leases and delays anew that were counted by a clock which was ahead: they last as long as they were to, from
   * now. What was due at once is due now. Times that events name stay. Resolves with whether there were any.
   */
  async countAnew(now: number): Promise<boolean> {
    this.forget();
    if (!this.#client.query(`SELECT 1 FROM messages WHERE ${ahead} LIMIT 1`).get([now])) return false;
    await this.#client.write(() => this.#countAnew.run([this.#clock.now()]));
    this.forget();
    return true;
  }

  /** No message is due before; `Infinity` when none waits for a time. */
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

  /** Says that other processes may have changed messages. */
  forget(): void {
    this.#quietUntil.clear();
  }

  /** Notes that a message will be due then. */
  #dueAt(subscription: number, due: number): void {
    const quietUntil = this.#quietUntil.get(subscription);
    if (quietUntil !== undefined && due < quietUntil) this.#quietUntil.set(subscription, due);
  }

  /** As many tokens in a row; answers the first. */
  #tokens(count: number): number {
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

  /** When the event that has been due for the longest happened. */
  oldest({ id }: Subscription, now: number): number | undefined {
    const first = this.#client
      .query<{ readonly timestamp: unknown }>(
        "SELECT iif(json_valid(event), event ->> 'timestamp', NULL) AS timestamp FROM messages WHERE subscription = ? AND due <= ? ORDER BY due, id LIMIT 1",
      )
      .get([id, now]);
    return typeof first?.timestamp === "number" ? first.timestamp : undefined;
  }

  /** Puts messages that were pushed for later, and are due now, at the end of the line of their key. */
  #joinLine({ id }: Subscription, now: number): void {
    for (const { id: late } of this.#findLate.all([id, now])) {
      this.#moveInLine.run([late]);
      this.#delete.run([late]);
    }
  }

  #flush(): void {
    this.#flushRemoved();
    this.#added.flush();
  }

  /** Nothing of the group has happened: the ids of its rows will be those of others. */
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

/** Whether the event waits behind an earlier one of its key. */
export function isInLine({ ordered }: Subscription, { partitionKey }: Event): boolean {
  return ordered && Boolean(partitionKey);
}

function jsonOf(numbers: readonly number[]): string {
  return `[${numbers.join(",")}]`;
}
