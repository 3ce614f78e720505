import { odata, type TableClient, type TransactionAction } from "@azure/data-tables";
import { BeeHiveError } from "../../../src/base/errors.ts";
import type { OutboxRows, RowCheck } from "../../../src/provider-kit/outbox.ts";
import type {
  AtomicRows,
  Row,
  RowChange,
  RowConflict,
  RowHead,
  RowKey,
  RowRange,
} from "../../../src/provider-kit/rows.ts";
import { compareIds, deletionsOf, holds } from "../../../src/provider-kit/rows.ts";
import { statusOf, translate, translateErrors } from "../errors.ts";
import { headNames, keyOf, toEntity, toHead, toRow, type StoredEntity } from "./entity.ts";
import { Once } from "./once.ts";
import { afterTable, partitionKey, shortKey, tableKey, tablePrefix } from "./table-key.ts";

/** The most changes in an entity group transaction. */
const maxInTransaction = 100;

/**
 * Rows in one table of Table storage. Several rows of one partition are written in an entity group transaction.
 *
 * A row has two etags. Ours is made before the write and decides expectations. The etag of the table guards between the
 * read and the write, so that no change goes unnoticed.
 */
export class TableRows implements AtomicRows, OutboxRows {
  readonly maxInTransaction: number = maxInTransaction;
  readonly #table: TableClient;
  readonly #made: Once;

  constructor(table: TableClient) {
    this.#table = table;
    this.#made = new Once(async () => {
      await translateErrors(`make the table ${table.tableName}`, () => table.createTable());
    });
  }

  async get(key: RowKey): Promise<Row | undefined> {
    const found = await this.#find(key);
    return found && toRow(key, found);
  }

  async head(key: RowKey): Promise<RowHead | undefined> {
    const found = await this.#find(key, headNames);
    return found && toHead(key, found);
  }

  async page(range: RowRange): Promise<readonly Row[]> {
    return (await this.#query(range)).map((entity) => toRow(keyOf(range.table, entity), entity));
  }

  async pageHeads(range: RowRange): Promise<readonly RowHead[]> {
    return (await this.#query(range, headNames)).map((entity) => toHead(keyOf(range.table, entity), entity));
  }

  async write(change: RowChange): Promise<RowConflict | undefined> {
    await this.#made.done();
    return await this.#writeOne(change);
  }

  async writeAtomically(changes: readonly RowChange[]): Promise<RowConflict | undefined> {
    const [first, ...others] = changes;
    if (!first) return undefined;
    if (others.length === 0) return await this.write(first);
    await this.#made.done();
    return await this.#writeTogether(changes);
  }

  async commit(changes: readonly RowChange[], checks: readonly RowCheck[]): Promise<RowConflict | undefined> {
    await this.#made.done();
    return await this.#writeTogether(changes, checks);
  }

  async delete(keys: readonly RowKey[]): Promise<void> {
    for (let from = 0; from < keys.length; from += maxInTransaction)
      await this.writeAtomically(deletionsOf(keys.slice(from, from + maxInTransaction)));
  }

  async #writeOne(change: RowChange): Promise<RowConflict | undefined> {
    for (;;) {
      const action = await this.#action(change);
      if ("found" in action) return action;
      const outcome = await this.#tryWrite(change, () => this.#apply(action.action));
      if (outcome === "done") return undefined;
      const found = await this.#versionOf(change);
      if (isWritten(change, found)) return undefined;
      // The etag of the table was stale: our etag decides again.
      if (!holds(change.expect, found)) return { key: change.key, found };
      if (change.expect === "any" && change.content === undefined) return undefined;
    }
  }

  async #writeTogether(
    changes: readonly RowChange[],
    checks: readonly RowCheck[] = [],
  ): Promise<RowConflict | undefined> {
    let left = changes;
    for (;;) {
      const [first] = left;
      if (!first) return undefined;
      const actions: TransactionAction[] = [];
      for (const change of left) {
        const action = await this.#action(change);
        if ("found" in action) return action;
        actions.push(action.action);
      }
      for (const check of checks) {
        const action = await this.#checking(check);
        if ("found" in action) return action;
        actions.push(action.action);
      }
      const outcome = await this.#tryWrite(first, () => this.#table.submitTransaction(actions));
      if (outcome === "done") return undefined;
      const found = await Promise.all(left.map((change) => this.#versionOf(change)));
      // In a transaction, one written row means that all are written.
      if (left.some((change, index) => isWritten(change, found[index]))) return undefined;
      const conflict = left.flatMap(({ key, expect }, index) =>
        holds(expect, found[index]) ? [] : [{ key, found: found[index] }],
      )[0];
      if (conflict) return conflict;
      // A missing row fails a transaction that deletes it.
      left = left.filter(({ content }, index) => content !== undefined || found[index] !== undefined);
    }
  }

  /** Returns the action of a change, or the conflict that forbids it. */
  async #action({ key, expect, content }: RowChange): Promise<{ readonly action: TransactionAction } | RowConflict> {
    const guard = typeof expect === "object" ? await this.#find(key, ["version"]) : undefined;
    const version = guard?.["version"] as string | undefined;
    if (typeof expect === "object" && !holds(expect, version)) return { key, found: version };
    const etag = guard?.etag ?? "*";
    if (content === undefined) return { action: ["delete", { ...tableKey(key), etag }] };
    const entity = toEntity(key, content);
    if (expect === "absent") return { action: ["create", entity] };
    if (expect === "any") return { action: ["upsert", entity, "Replace"] };
    return { action: ["update", entity, "Replace", { etag }] };
  }

  /** Returns an action that changes nothing, and fails when the row has changed; or the conflict. */
  async #checking({ key, expect }: RowCheck): Promise<{ readonly action: TransactionAction } | RowConflict> {
    const found = await this.#find(key, ["version"]);
    const version = found?.["version"] as string | undefined;
    if (!holds(expect, version)) return { key, found: version };
    if (!found)
      throw new BeeHiveError(
        "InvalidState",
        `Table storage cannot make sure that "${key.id}" in ${key.table} stays absent: write it in the transaction.`,
      );
    return { action: ["update", { ...tableKey(key) }, "Merge", { etag: found.etag }] };
  }

  async #apply(action: TransactionAction): Promise<void> {
    const [kind, entity] = action;
    if (kind === "create") await this.#table.createEntity(entity);
    else if (kind === "upsert") await this.#table.upsertEntity(entity, "Replace");
    else if (kind === "update") await this.#table.updateEntity(entity, "Replace", action[3] ?? {});
    else {
      const {
        partitionKey: partition,
        rowKey,
        etag,
      } = entity as { partitionKey: string; rowKey: string; etag?: string };
      await this.#table.deleteEntity(partition, rowKey, etag === undefined ? {} : { etag });
    }
  }

  /** Writes; returns "refused" when the table is in another state than expected. */
  async #tryWrite({ key }: RowChange, write: () => Promise<unknown>): Promise<"done" | "refused"> {
    try {
      await write();
      return "done";
    } catch (error) {
      if ([404, 409, 412].includes(statusOf(error) ?? 0)) return "refused";
      throw translate(error, `write "${key.id}" in ${key.table}`);
    }
  }

  async #versionOf({ key }: RowChange): Promise<string | undefined> {
    return (await this.#find(key, ["version"]))?.["version"] as string | undefined;
  }

  async #find(key: RowKey, select?: string[]): Promise<StoredEntity | undefined> {
    const { partitionKey: partition, rowKey } = tableKey(key);
    try {
      return await this.#table.getEntity<Record<string, unknown>>(
        partition,
        rowKey,
        select && { queryOptions: { select } },
      );
    } catch (error) {
      // The row is missing, or the table, which is created by the first write.
      if (statusOf(error) === 404) return undefined;
      throw translate(error, `read "${key.id}" in ${key.table}`);
    }
  }

  /** Reads pages until there are enough rows or no more. A page may hold fewer than its size. */
  async #query(range: RowRange, select?: string[]): Promise<StoredEntity[]> {
    const { limit } = range;
    const found: StoredEntity[] = [];
    const queryOptions = { filter: filterOf(range), ...(select && { select }) };
    const pages = this.#table
      .listEntities<Record<string, unknown>>({ queryOptions })
      .byPage({ maxPageSize: Math.min(limit, 1000) });
    try {
      for await (const page of pages) {
        found.push(...page.filter((entity) => isWithin(range, keyOf(range.table, entity).id)));
        if (found.length >= limit) break;
      }
    } catch (error) {
      if (statusOf(error) === 404) return [];
      throw translate(error, `read ${range.table}`);
    }
    return found.slice(0, limit);
  }
}

/** Returns whether a refused write had succeeded before. Its answer was lost, and the SDK repeated it. */
function isWritten({ content }: RowChange, found: string | undefined): boolean {
  return content !== undefined && content.etag === found;
}

function filterOf({ table, partition, from, to, after }: RowRange): string {
  if (partition === undefined) {
    const [start, end] = [tablePrefix(table), afterTable(table)];
    const all = odata`PartitionKey ge ${start} and PartitionKey lt ${end}`;
    if (!after) return all;
    const [own, row] = [partitionKey(table, after.partition), shortKey(after.id)];
    return `${all} and ${odata`(PartitionKey gt ${own} or (PartitionKey eq ${own} and RowKey gt ${row}))`}`;
  }
  const conditions = [odata`PartitionKey eq ${partitionKey(table, partition)}`];
  if (from !== undefined) conditions.push(odata`RowKey ge ${shortKey(from)}`);
  if (to !== undefined) conditions.push(odata`RowKey le ${shortKey(to)}`);
  if (after) conditions.push(odata`RowKey gt ${shortKey(after.id)}`);
  return conditions.join(" and ");
}

/** Checks the bounds again, because the filter shortens a bound that is too long. */
function isWithin({ from, to }: RowRange, id: string): boolean {
  return (from === undefined || compareIds(id, from) >= 0) && (to === undefined || compareIds(id, to) < 0);
}
