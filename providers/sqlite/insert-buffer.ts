import type { Event } from "../../src/event.ts";
import type { SqliteClient } from "./client.ts";
import type { Statement, Value } from "./driver.ts";
import type { EventRow } from "./event-row.ts";

/** Rows in one INSERT: a call of the driver costs more than a row. Larger first. */
const batchSizes = [32, 8, 1];

/** Messages of one subscription that are due at one time. */
interface Bucket {
  readonly subscription: number;
  readonly due: number;
  readonly events: Event[];
  readonly rows: EventRow[];
}

/** Messages of a group that need nothing but to be inserted: held back, to be written many at a time. */
export class InsertBuffer {
  readonly #inserts: readonly { readonly size: number; readonly statement: Statement }[];
  readonly #inserted: (row: number, event: Event) => void;
  #buckets: Bucket[] = [];
  /** The bucket that each subscription fills. */
  readonly #filling = new Map<number, Bucket>();

  /** @param inserted is told the row that an event is in. */
  constructor(client: SqliteClient, inserted: (row: number, event: Event) => void) {
    // What the rows of a bucket share is handed over once: each value that is bound costs about as much as a column.
    this.#inserts = batchSizes.map((size) => ({
      size,
      statement: client.prepare(
        `INSERT INTO messages (subscription, due, event, body) VALUES ${Array(size).fill("(?1, ?2, ?, ?)").join(", ")}`,
      ),
    }));
    this.#inserted = inserted;
  }

  add(subscription: number, due: number, event: Event, row: EventRow): void {
    let bucket = this.#filling.get(subscription);
    if (bucket?.due !== due) {
      bucket = { subscription, due, events: [], rows: [] };
      this.#buckets.push(bucket);
      this.#filling.set(subscription, bucket);
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

  #write({ subscription, due, events, rows }: Bucket): void {
    let at = 0;
    for (const { size, statement } of this.#inserts) {
      for (; rows.length - at >= size; at += size) {
        const values: Value[] = [subscription, due];
        for (let i = at; i < at + size; i++) values.push((rows[i] as EventRow).event, (rows[i] as EventRow).body);
        // The rows of one INSERT have ids in a row: nobody else writes meanwhile.
        const first = statement.insert(values) - size + 1;
        for (let i = 0; i < size; i++) this.#inserted(first + i, events[at + i] as Event);
      }
    }
  }
}
