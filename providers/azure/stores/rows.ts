import { odata, type TableClient, type TransactionAction } from "@azure/data-tables";
import type { Row, RowChange, RowConflict, RowHead, RowKey, RowRange, Rows } from "../../../src/provider-kit/rows.ts";
import { compareIds, holds } from "../../../src/provider-kit/rows.ts";
import { headNames, keyOf, toEntity, toHead, toRow, type Found } from "./entity.ts";
import { statusOf, translated, translating } from "../errors.ts";
import { Once } from "./once.ts";
import { afterTable, partitionKey, shortKey, tableKey, tablePrefix } from "./table-key.ts";

/** An entity group transaction takes so many changes. */
const maxInTransaction = 100;

/**
 * Rows in one table of Table storage. One row is written under its expectation; several, of one partition, in an entity
 * group transaction. The etag of a row is ours, made before it is written; the table's own, which it makes while it
 * writes, guards what was read: no change in between goes unnoticed.
 */
export class TableRows implements Rows {
  readonly #table: TableClient;
  readonly #made: Once;

  constructor(table: TableClient) {
    this.#table = table;
    this.#made = new Once(async () => {
      await translating(`make the table ${table.tableName}`, () => table.createTable());
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

  async write(changes: readonly RowChange[]): Promise<RowConflict | undefined> {
    const [first] = changes;
    if (!first) return undefined;
    await this.#made.done();
    if (changes.length === 1) return await this.#writeOne(first);
    for (let from = 0; from < changes.length; from += maxInTransaction) {
      const conflict = await this.#writeTogether(changes.slice(from, from + maxInTransaction));
      if (conflict) return conflict;
    }
    return undefined;
  }

  async #writeOne(change: RowChange): Promise<RowConflict | undefined> {
    for (;;) {
      const action = await this.#action(change);
      if ("found" in action) return action;
      const outcome = await this.#attempt(change, () => this.#apply(action.action));
      if (outcome === "done") return undefined;
      const found = await this.#versionOf(change);
      if (isWritten(change, found)) return undefined;
      // An etag of the table's that is stale by now: ours decides again.
      if (!holds(change.expect, found)) return { key: change.key, found };
      if (change.expect === "any" && change.content === undefined) return undefined;
    }
  }

  async #writeTogether(changes: readonly RowChange[]): Promise<RowConflict | undefined> {
    for (;;) {
      const actions: TransactionAction[] = [];
      for (const change of changes) {
        const action = await this.#action(change);
        if ("found" in action) return action;
        actions.push(action.action);
      }
      const outcome = await this.#attempt(changes[0] as RowChange, () => this.#table.submitTransaction(actions));
      if (outcome === "done") return undefined;
      const found = await Promise.all(changes.map((change) => this.#versionOf(change)));
      // One transaction: where one of its rows is, all are.
      if (changes.some((change, index) => isWritten(change, found[index]))) return undefined;
      const at = changes.findIndex(({ expect }, index) => !holds(expect, found[index]));
      if (at >= 0) return { key: (changes[at] as RowChange).key, found: found[at] };
      // To delete what is not there fails them all: those go one by one, which is as good when nothing is expected.
      if (changes.every(({ expect, content }) => expect === "any" && content === undefined)) {
        for (const change of changes) await this.#writeOne(change);
        return undefined;
      }
    }
  }

  /** What the table is to do, or why not. */
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

  /** Whether a write was done or met another state of the table than it expects. */
  async #attempt({ key }: RowChange, write: () => Promise<unknown>): Promise<"done" | "refused"> {
    try {
      await write();
      return "done";
    } catch (error) {
      if ([404, 409, 412].includes(statusOf(error) ?? 0)) return "refused";
      throw translated(error, `write "${key.id}" in ${key.table}`);
    }
  }

  async #versionOf({ key }: RowChange): Promise<string | undefined> {
    return (await this.#find(key, ["version"]))?.["version"] as string | undefined;
  }

  async #find(key: RowKey, select?: string[]): Promise<Found | undefined> {
    const { partitionKey: partition, rowKey } = tableKey(key);
    try {
      return await this.#table.getEntity<Record<string, unknown>>(
        partition,
        rowKey,
        select && { queryOptions: { select } },
      );
    } catch (error) {
      // Neither the row nor, before the first write, the table is there.
      if (statusOf(error) === 404) return undefined;
      throw translated(error, `read "${key.id}" in ${key.table}`);
    }
  }

  /** A page of the service may hold less than was asked for: it is asked until there are enough or no more. */
  async #query(range: RowRange, select?: string[]): Promise<Found[]> {
    const { limit } = range;
    const found: Found[] = [];
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
      throw translated(error, `read ${range.table}`);
    }
    return found.slice(0, limit);
  }
}

/** Whether a write that was refused had been done before: its answer was lost, and the SDK repeated it. */
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

/** Bounds that are too long for a key are shortened in the filter: what it lets through is looked at again. */
function isWithin({ from, to }: RowRange, id: string): boolean {
  return (from === undefined || compareIds(id, from) >= 0) && (to === undefined || compareIds(id, to) < 0);
}
