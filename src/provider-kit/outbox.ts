import { randomUUID } from "node:crypto";
import type { Clock } from "../base/clock.ts";
import { BeeHiveError } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import type { Identified, LockStore, TransactionWork } from "../contract/stores.ts";
import { cloudEventRecord, toCloudEventText } from "../events/cloud-events.ts";
import { Event } from "../events/event.ts";
import { nextEtag } from "./row-stores/etag.ts";
import { collectionTable, SingleRowStores } from "./row-stores/index.ts";
import { jsonIn } from "./row-stores/items.ts";
import {
  rowName,
  type Row,
  type RowChange,
  type RowConflict,
  type RowExpectation,
  type RowKey,
  type Rows,
} from "./rows.ts";
import { stepConflict, type StepChanges } from "./step-changes.ts";
import { StepRows } from "./step-rows.ts";
import { untilCommitted } from "./transactions.ts";

/** The condition on a row that a transaction read and does not change. */
export interface RowCheck {
  readonly key: RowKey;
  readonly expect: RowExpectation;
}

/** Rows of one collection that change together, where queues are in another place. */
export interface OutboxRows extends Rows {
  /** The most changes and checks of one transaction. */
  readonly maxInTransaction: number;
  /** Makes all changes if all expectations hold, or none. Returns the first conflict, or `undefined`. */
  commit(changes: readonly RowChange[], checks: readonly RowCheck[]): Promise<RowConflict | undefined>;
}

/** The parts of an {@link Outbox}. */
export interface OutboxParts {
  /** The name of the provider, for messages. */
  readonly name: string;
  readonly rows: OutboxRows;
  readonly locks: LockStore;
  readonly push: (events: readonly Event[]) => Promise<unknown>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Ids of the rows with events. No letter comes before them, so that they are behind all items with names. */
const prefix = "~outbox/";
const afterPrefix = "~outbox0";
/** The age from which a row was left behind by a process that ended, in ms. */
const leftAfterMs = 10_000;
const pageSize = 100;

/**
 * Transactions of a provider whose queues and stores share none.
 *
 * The events are written in the transaction, as one more row of the collection, then published, then removed. A process
 * that ends in between leaves the row, and {@link publishPending} publishes its events under the same ids. They may then
 * come twice, and later than events of newer transactions.
 */
export class Outbox {
  readonly #parts: OutboxParts;
  /** The rows whose events this process could not publish: they need no time to be left behind. */
  readonly #failed = new Set<string>();

  constructor(parts: OutboxParts) {
    this.#parts = parts;
  }

  /** See `Stores.transact`. */
  transact<T extends Identified, R>(name: string, work: TransactionWork<T, R>): Promise<R> {
    const { rows, clock, locks } = this.#parts;
    return untilCommitted(clock, async () => {
      const own = new StepRows(rows);
      const events: Event[] = [];
      try {
        const items = new SingleRowStores(own, clock, locks).collection<T>(name);
        const result = await work(items, (event) => void events.push(event));
        await this.#commit(name, own.changes(), events);
        return result;
      } finally {
        own.end();
      }
    });
  }

  async #commit(name: string, changes: StepChanges, events: readonly Event[]): Promise<void> {
    const { rows, clock } = this.#parts;
    const { writes, checks } = conditionsOf(changes);
    const key = { table: collectionTable(name), partition: "", id: `${prefix}${clock.now()}-${randomUUID()}` };
    if (events.length > 0) {
      const value = JSON.stringify(events.map(toCloudEventText));
      writes.push({ key, expect: "absent", content: { value, etag: nextEtag(), modified: clock.now() } });
    }
    if (writes.length === 0) return;
    this.#assertFits(name, writes.length + checks.length);
    const conflict = await rows.commit(writes, checks);
    if (conflict) throw stepConflict(conflict);
    if (events.length > 0) await this.#publish(key, events);
  }

  #assertFits(name: string, count: number): void {
    const max = this.#parts.rows.maxInTransaction;
    if (count <= max) return;
    throw new BeeHiveError(
      "TooLarge",
      `The transaction on ${name} touches ${count} rows, with indexes and events; ${this.#parts.name} takes ${max} in ` +
        "one transaction. Nothing was changed: make it smaller, or use memory:, sqlite: or postgres:, which have no limit.",
    );
  }

  /** Publishes what is committed. A failure changes nothing about that: the row stays for {@link publishPending}. */
  async #publish(key: RowKey, events: readonly Event[]): Promise<boolean> {
    const { push, rows, logger } = this.#parts;
    try {
      await push(events);
      await rows.delete([key]);
      this.#failed.delete(key.id);
      return true;
    } catch (error) {
      this.#failed.add(key.id);
      logger.warn({ err: error, outbox: rowName(key) }, "events of a transaction wait to be published again");
      return false;
    }
  }

  /** See `Stores.publishPending`. */
  async publishPending(name: string): Promise<number> {
    const { rows, clock } = this.#parts;
    let published = 0;
    let after: Row | undefined;
    for (;;) {
      const range = { table: collectionTable(name), partition: "", from: prefix, to: afterPrefix };
      const page = await rows.page({ ...range, after, limit: pageSize });
      for (const row of page) {
        const { table, partition, id, modified } = row;
        if (modified > clock.now() - leftAfterMs && !this.#failed.has(id)) continue;
        const events = jsonIn<string[]>(row).map(eventIn);
        if (await this.#publish({ table, partition, id }, events)) published += events.length;
      }
      after = page.at(-1);
      if (page.length < pageSize) return published;
    }
  }
}

function eventIn(text: string): Event {
  return Event.fromRecord(cloudEventRecord(JSON.parse(text), text));
}

/** Returns the writes with the versions that they replace, and the reads of other rows. */
function conditionsOf({ seen, writes }: StepChanges): { readonly writes: RowChange[]; readonly checks: RowCheck[] } {
  const versions = new Map<string, RowCheck>();
  for (const { key, etag } of seen)
    versions.set(rowName(key), { key, expect: etag === undefined ? "absent" : { etag } });
  const changes = writes.map(({ key, content }): RowChange => {
    const expect = versions.get(rowName(key))?.expect ?? "any";
    versions.delete(rowName(key));
    return { key, expect, content };
  });
  return { writes: changes, checks: [...versions.values()] };
}
