import { odata, type TableClient } from "@azure/data-tables";
import type { Clock } from "../../../src/base/clock.ts";
import { oncePrefix, tableKey } from "./table-key.ts";

/** About every 20th increment deletes up to 40 keys, more than are added. The number of keys stays bounded. */
const oneIn = 20;
const maxKeys = 40;

/**
 * Deletes expired idempotency keys of counters, which Table storage cannot expire itself.
 *
 * Some increments delete a few keys of their counter. The keys of a counter at rest stay.
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

  /** Called after an increment with a key. Never rejects: a later increment tries again. */
  async prune(name: string, id: string): Promise<void> {
    if (this.#random() >= 1 / oneIn) return;
    try {
      await this.#deleteExpired(tableKey({ table: `counter/${name}`, partition: "", id }).partitionKey);
    } catch {
      // A later increment tries again.
    }
  }

  /** Deletes expired keys from a random start on, because one query scans a limited number of rows. */
  async #deleteExpired(partitionKey: string): Promise<void> {
    const from = oncePrefix + (this.#random() < 0.5 ? "" : Math.floor(this.#random() * 256).toString(16));
    // Times are doubles in the table, and only a literal with a fraction is a double.
    const expired = `expires le ${this.#clock.now()}.0`;
    const range = odata`PartitionKey eq ${partitionKey} and RowKey ge ${from} and RowKey lt ${`${oncePrefix}~~~`}`;
    const pages = this.#table
      .listEntities({ queryOptions: { filter: `${range} and ${expired}`, select: ["partitionKey", "rowKey"] } })
      .byPage({ maxPageSize: maxKeys });
    const { value: page = [] } = (await pages.next()) as { value?: readonly { rowKey?: string; etag?: string }[] };
    // With the etag, so that a key that is used again meanwhile stays.
    await Promise.all(
      page.map(({ rowKey = "", etag = "*" }) => this.#table.deleteEntity(partitionKey, rowKey, { etag })),
    );
  }
}
