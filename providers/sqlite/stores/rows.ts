import {
  deletionsOf,
  holds,
  type Row,
  type RowChange,
  type RowConflict,
  type RowContent,
  type RowHead,
  type RowKey,
  type RowRange,
  type AtomicRows,
} from "../../../src/provider-kit/rows.ts";
import type { StepChanges } from "../../../src/provider-kit/step-rows.ts";
import type { SqliteClient } from "../file/client.ts";
import type { Statement } from "../file/driver.ts";
import type { Value } from "../file/values.ts";

/** A row of the table `items`. A head has no value. */
interface Item {
  readonly store: string;
  readonly partition: string;
  readonly id: string;
  readonly etag: string;
  readonly modified: number;
  readonly expires: number | null;
  readonly metadata: string | null;
  readonly value: string | Uint8Array;
  readonly size: number;
}

const columns = "store, partition, id, etag, modified, expires, metadata, value";
const one = "WHERE store = ? AND partition = ? AND id = ?";

/** The rows of all stores, in one table. */
export class SqliteRows implements AtomicRows {
  readonly #client: SqliteClient;
  /** The selected columns of an item, and of a head. */
  readonly #item: string;
  readonly #head: string;
  readonly #etag: Statement<{ readonly etag: string }>;
  readonly #put: Statement;
  readonly #delete: Statement;
  readonly #prune: Statement;

  constructor(client: SqliteClient) {
    this.#client = client;
    const head = `store, partition, id, etag, modified, expires, ${client.text("metadata")}`;
    this.#item = `${head}, ${client.text("value")}`;
    this.#head = `${head}, octet_length(value) AS size`;
    this.#etag = client.prepare(`SELECT etag FROM items ${one}`);
    this.#put = client.prepare(`INSERT OR REPLACE INTO items (${columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`);
    this.#delete = client.prepare(`DELETE FROM items ${one}`);
    this.#prune = client.prepare(
      "DELETE FROM items WHERE (store, partition, id) IN " +
        "(SELECT store, partition, id FROM items WHERE expires <= ? LIMIT ?)",
    );
  }

  async get(key: RowKey): Promise<Row | undefined> {
    const item = this.#client.query<Item>(`SELECT ${this.#item} FROM items ${one}`).get(partsOf(key));
    return item && rowOf(item);
  }

  async head(key: RowKey): Promise<RowHead | undefined> {
    const item = this.#client.query<Item>(`SELECT ${this.#head} FROM items ${one}`).get(partsOf(key));
    return item && headOf(item);
  }

  async page(range: RowRange): Promise<readonly Row[]> {
    return this.#select(this.#item, range).map(rowOf);
  }

  async pageHeads(range: RowRange): Promise<readonly RowHead[]> {
    return this.#select(this.#head, range).map(headOf);
  }

  write(change: RowChange): Promise<RowConflict | undefined> {
    return this.writeAtomically([change]);
  }

  async delete(keys: readonly RowKey[]): Promise<void> {
    await this.writeAtomically(deletionsOf(keys));
  }

  async writeAtomically(changes: readonly RowChange[]): Promise<RowConflict | undefined> {
    if (changes.length === 0) return undefined;
    return this.#client.write(() => {
      for (const { key, expect } of changes) {
        if (expect === "any") continue;
        const found = this.#etagOf(key);
        if (!holds(expect, found)) return { key, found };
      }
      for (const { key, content } of changes) this.#write(key, content);
      return undefined;
    });
  }

  /** Returns the first row that changed since the step read it. Call within a group. */
  conflict({ seen }: StepChanges): RowConflict | undefined {
    for (const { key, etag } of seen) {
      const found = this.#etagOf(key);
      if (found !== etag) return { key, found };
    }
    return undefined;
  }

  /** Applies the writes of a step. Call within a group. */
  apply({ writes }: StepChanges): void {
    for (const { key, content } of writes) this.#write(key, content);
  }

  /** Deletes up to `limit` expired rows. Returns their number. Call within a group. */
  prune(limit: number, now: number): number {
    return this.#prune.run([now, limit]);
  }

  #etagOf(key: RowKey): string | undefined {
    return this.#etag.get(partsOf(key))?.etag;
  }

  #write(key: RowKey, content: RowContent | undefined): void {
    if (!content) {
      this.#delete.run(partsOf(key));
      return;
    }
    const { etag, modified, expires = null, metadata = null, value } = content;
    this.#put.run([...partsOf(key), etag, modified, expires, metadata, value]);
  }

  #select(what: string, { table, partition, from, to, after, limit }: RowRange): Item[] {
    const where = ["store = ?"];
    const values: Value[] = [table];
    const and = (condition: string, ...more: Value[]): void => {
      where.push(condition);
      values.push(...more);
    };
    if (partition !== undefined) and("partition = ?", partition);
    if (from !== undefined) and("id >= ?", from);
    if (to !== undefined) and("id < ?", to);
    if (after && partition === undefined) and("(partition, id) > (?, ?)", after.partition, after.id);
    else if (after) and("id > ?", after.id);
    const sql = `SELECT ${what} FROM items WHERE ${where.join(" AND ")} ORDER BY partition, id LIMIT ?`;
    return this.#client.query<Item>(sql).all([...values, limit]);
  }
}

function partsOf({ table, partition, id }: RowKey): [string, string, string] {
  return [table, partition, id];
}

function rowOf(item: Item): Row {
  return { ...keyOf(item), value: item.value };
}

function headOf(item: Item): RowHead {
  return { ...keyOf(item), size: item.size };
}

function keyOf({ store, partition, id, etag, modified, expires, metadata }: Item): Omit<Row, "value"> {
  return {
    table: store,
    partition,
    id,
    etag,
    modified,
    expires: expires ?? undefined,
    metadata: metadata ?? undefined,
  };
}
