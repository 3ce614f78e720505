import { odata, type TableClient } from "@azure/data-tables";
import type { Clock } from "../../../src/base/clock.ts";
import { oncePrefix, tableKey } from "./table-key.ts";

/** One increment in so many takes keys away, and takes more than so many: they cannot become ever more. */
const everySo = 20;
const maxKeys = 40;

/**
 * Takes away the idempotency keys of counters that have expired: Table storage does not. A little, now and then, while the
 * counter is at work; those of a counter that rests stay.
 */
export class OnceKeys {
  readonly #table: TableClient;
  readonly #clock: Clock;
  readonly #random: () => number;

  constructor(table: TableClient, clock: Clock, random: () => number) {
    this.#table = table;
    this.#clock = clock;
    this.#random = random;
  }

  /** After an increment with a key. Never rejects: what failed is tried again by another. */
  async tidy(name: string, id: string): Promise<void> {
    if (this.#random() >= 1 / everySo) return;
    try {
      await this.#takeAway(tableKey({ table: `counter/${name}`, partition: "", id }).partitionKey);
    } catch {
      // Nobody waits for it.
    }
  }

  /** The service looks at so many rows in one query: it begins anywhere, that all are met in the end. */
  async #takeAway(partitionKey: string): Promise<void> {
    const from = oncePrefix + (this.#random() < 0.5 ? "" : Math.floor(this.#random() * 256).toString(16));
    // Times are doubles in the table, and a literal without a fraction is none.
    const expired = `expires le ${this.#clock.now()}.0`;
    const range = odata`PartitionKey eq ${partitionKey} and RowKey ge ${from} and RowKey lt ${`${oncePrefix}~~~`}`;
    const pages = this.#table
      .listEntities({ queryOptions: { filter: `${range} and ${expired}`, select: ["partitionKey", "rowKey"] } })
      .byPage({ maxPageSize: maxKeys });
    const { value: page = [] } = (await pages.next()) as { value?: readonly { rowKey?: string; etag?: string }[] };
    // By their etags: a key that is used again meanwhile stays.
    await Promise.all(
      page.map(({ rowKey = "", etag = "*" }) => this.#table.deleteEntity(partitionKey, rowKey, { etag })),
    );
  }
}
