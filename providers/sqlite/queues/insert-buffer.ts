import type { Event } from "../../../src/events/event.ts";
import type { SqliteClient } from "../file/client.ts";
import type { Statement } from "../file/driver.ts";
import type { Value } from "../file/values.ts";
import { eventOf, type EventRow } from "../../../src/provider-kit/event-row.ts";
import { SqliteLease } from "./lease.ts";
import type { LeaseWaiter } from "./lease-waiter.ts";
import type { Subscription } from "./topology.ts";

/** Maximum rows in one INSERT. A call of the driver costs more than a row. */
const maxRows = 32;

/** The common values of messages that are inserted together. */
export interface Placement {
  readonly subscription: Subscription;
  /** The time when they may be leased, or when their leases end if they are handed over. In ms since the epoch. */
  readonly due: number;
  /** The time of the clock that made it due at once, or leased; `null` when the event names its time. */
  readonly countedFrom: number | null;
  /** The waiter that gets the messages leased, and the time. */
  readonly handed?: { readonly waiter: LeaseWaiter; readonly now: number } | undefined;
}

interface Bucket extends Placement {
  readonly events: Event[];
  readonly rows: EventRow[];
}

/** The dependencies of an insert buffer. */
export interface InsertBufferParts {
  /** Reserves consecutive lease tokens. Returns the first. */
  readonly tokens: (count: number) => number;
  /** Returns the number of this process in the file. */
  readonly process: () => number | null;
  /** Called with the row of each event that is not leased yet. */
  readonly inserted: (row: number, event: Event) => void;
  /** Called with the row of each event that is leased already. */
  readonly handed: (row: number, event: Event) => void;
}

/** Buffers messages of a group that only need to be inserted, to write many with one statement. */
export class InsertBuffer {
  /** Return the statement that inserts so many rows. */
  readonly #insert: (rows: number) => Statement;
  readonly #insertLeased: (rows: number) => Statement;
  readonly #parts: InsertBufferParts;
  #buckets: Bucket[] = [];
  /** The current bucket of each subscription. */
  readonly #filling = new Map<number, Bucket>();

  constructor(client: SqliteClient, parts: InsertBufferParts) {
    this.#parts = parts;
    // Bind the common values of a bucket once: each bound value costs about as much as a column.
    const insert = (columns: string, values: (row: number) => string): ((rows: number) => Statement) => {
      const statements: Statement[] = [];
      return (count) =>
        (statements[count] ??= client.prepare(
          `INSERT INTO messages (${columns}) VALUES ${Array.from({ length: count }, (_, row) => values(row)).join(", ")}`,
        ));
    };
    this.#insert = insert("subscription, due, counted_from, event, body", () => "(?1, ?2, ?3, ?, ?)");
    this.#insertLeased = insert(
      "subscription, due, lease, process, attempts, first_seen, counted_from, event, body",
      (row) => `(?1, ?2, ?3 + ${row}, ?4, 1, ?5, ?5, ?, ?)`,
    );
  }

  add(placement: Placement, event: Event, row: EventRow): void {
    const { subscription, due, countedFrom, handed } = placement;
    let bucket = this.#filling.get(subscription.id);
    if (bucket?.due !== due || bucket.countedFrom !== countedFrom || bucket.handed?.waiter !== handed?.waiter) {
      bucket = { subscription, due, countedFrom, handed, events: [], rows: [] };
      this.#buckets.push(bucket);
      this.#filling.set(subscription.id, bucket);
    }
    bucket.events.push(event);
    bucket.rows.push(row);
  }

  /** Writes the buffered messages, in their order. */
  flush(): void {
    const buckets = this.#buckets;
    if (buckets.length === 0) return;
    this.clear();
    for (const bucket of buckets) this.#write(bucket);
  }

  clear(): void {
    this.#buckets = [];
    this.#filling.clear();
  }

  #write(bucket: Bucket): void {
    const { subscription, due, countedFrom, handed, rows } = bucket;
    for (let at = 0; at < rows.length; at += maxRows) {
      const size = Math.min(maxRows, rows.length - at);
      const token = handed ? this.#parts.tokens(size) : 0;
      const values: Value[] = [subscription.id, due];
      if (handed) values.push(token, this.#parts.process(), countedFrom);
      else values.push(countedFrom);
      for (let i = at; i < at + size; i++) values.push((rows[i] as EventRow).event, (rows[i] as EventRow).body);
      const statement = handed ? this.#insertLeased(size) : this.#insert(size);
      // The rows of one INSERT have consecutive ids, because no other process writes meanwhile.
      const first = statement.insert(values) - size + 1;
      for (let i = 0; i < size; i++) this.#inserted(bucket, at + i, first + i, token + i);
    }
  }

  #inserted({ subscription, due, handed, events, rows }: Bucket, index: number, id: number, token: number): void {
    const published = events[index] as Event;
    if (!handed) return this.#parts.inserted(id, published);
    this.#parts.handed(id, published);
    const queueName = subscription.name.toString();
    // A body by reference differs from that of the row.
    const event = published.byReference ? eventOf(rows[index] as EventRow, queueName) : published.with({ queueName });
    handed.waiter.hand(SqliteLease.ofNew(id, token, subscription, event, handed.now, due));
  }
}
