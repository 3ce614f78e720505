import type { Event } from "../../../src/events/event.ts";
import type { SqliteClient } from "../file/client.ts";
import type { Statement } from "../file/driver.ts";
import type { Value } from "../file/values.ts";
import { eventOf, type EventRow } from "./message.ts";
import { SqliteLease } from "./lease.ts";
import type { Taker } from "./taker.ts";
import type { Subscription } from "./topology.ts";

/** Rows in one INSERT: a call of the driver costs more than a row. Larger first. */
const batchSizes = [32, 8, 1];

/** What messages that are inserted together have in common. */
export interface Placement {
  readonly subscription: Subscription;
  /** When they may be leased, in ms since the epoch; that their leases end when they are handed over. */
  readonly due: number;
  /** When a clock said that it is due at once, or leased; `null` when the event names its time. */
  readonly countedFrom: number | null;
  /** Whom they are handed to, leased, and when that is. */
  readonly handed?: { readonly taker: Taker; readonly now: number } | undefined;
}

interface Bucket extends Placement {
  readonly events: Event[];
  readonly rows: EventRow[];
}

interface Insert {
  readonly size: number;
  readonly statement: Statement;
}

/** What the buffer needs of others. */
export interface InsertBufferParts {
  /** As many tokens of leases in a row; answers the first. */
  readonly tokens: (count: number) => number;
  /** The process that leases, as the file knows it. */
  readonly process: () => number | null;
  /** Is told the row that an event is in that is not leased yet. */
  readonly inserted: (row: number, event: Event) => void;
}

/** Messages of a group that need nothing but to be inserted: held back, to be written many at a time. */
export class InsertBuffer {
  readonly #inserts: readonly Insert[];
  readonly #leasedInserts: readonly Insert[];
  readonly #parts: InsertBufferParts;
  #buckets: Bucket[] = [];
  /** The bucket that each subscription fills. */
  readonly #filling = new Map<number, Bucket>();

  constructor(client: SqliteClient, parts: InsertBufferParts) {
    this.#parts = parts;
    // What the rows of a bucket share is handed over once: each value that is bound costs about as much as a column.
    const inserts = (columns: string, values: (row: number) => string): Insert[] =>
      batchSizes.map((size) => {
        const rows = Array.from({ length: size }, (_, row) => values(row)).join(", ");
        return { size, statement: client.prepare(`INSERT INTO messages (${columns}) VALUES ${rows}`) };
      });
    this.#inserts = inserts("subscription, due, counted_from, event, body", () => "(?1, ?2, ?3, ?, ?)");
    this.#leasedInserts = inserts(
      "subscription, due, lease, process, attempts, first_seen, counted_from, event, body",
      (row) => `(?1, ?2, ?3 + ${row}, ?4, 1, ?5, ?5, ?, ?)`,
    );
  }

  add(placement: Placement, event: Event, row: EventRow): void {
    const { subscription, due, countedFrom, handed } = placement;
    let bucket = this.#filling.get(subscription.id);
    if (bucket?.due !== due || bucket.countedFrom !== countedFrom || bucket.handed?.taker !== handed?.taker) {
      bucket = { subscription, due, countedFrom, handed, events: [], rows: [] };
      this.#buckets.push(bucket);
      this.#filling.set(subscription.id, bucket);
    }
    bucket.events.push(event);
    bucket.rows.push(row);
  }

  /** Writes what is held back, in the order in which it came. */
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
    const inserts = handed ? this.#leasedInserts : this.#inserts;
    let at = 0;
    for (const { size, statement } of inserts) {
      for (; rows.length - at >= size; at += size) {
        const token = handed ? this.#parts.tokens(size) : 0;
        const values: Value[] = [subscription.id, due];
        if (handed) values.push(token, this.#parts.process(), countedFrom);
        else values.push(countedFrom);
        for (let i = at; i < at + size; i++) values.push((rows[i] as EventRow).event, (rows[i] as EventRow).body);
        // The rows of one INSERT have ids in a row: nobody else writes meanwhile.
        const first = statement.insert(values) - size + 1;
        for (let i = 0; i < size; i++) this.#inserted(bucket, at + i, first + i, token + i);
      }
    }
  }

  #inserted({ subscription, due, handed, events, rows }: Bucket, index: number, id: number, token: number): void {
    const published = events[index] as Event;
    if (!handed) return this.#parts.inserted(id, published);
    const queueName = subscription.name.toString();
    // A body by reference is not what the row holds.
    const event = published.byReference ? eventOf(rows[index] as EventRow, queueName) : published.with({ queueName });
    const lease = { id, token, subscription, inLine: false, event, attempt: 1, firstSeen: handed.now, expiresAt: due };
    handed.taker.hand(new SqliteLease(lease));
  }
}
