import type { Clock } from "../../../src/base/clock.ts";
import {
  compareIds,
  headOf,
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
import type { TableRange } from "../../../src/provider-kit/row-stores/index.ts";
import type { StepChanges } from "../../../src/provider-kit/step-rows.ts";

/** Expiring rows checked with each one that is added. More than one, so that expired rows do not pile up. */
const checksPerRow = 3;

/** Rows in memory. Reads and writes are synchronous; only the contract wants promises. */
export class MemoryRows implements AtomicRows {
  readonly #clock: Clock;
  readonly #tables = new Map<string, Table>();
  /** Rows that expire, the one checked longest ago first. */
  readonly #expiring = new Map<string, RowKey & { readonly expires: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async get(key: RowKey): Promise<Row | undefined> {
    const content = this.#find(key);
    return content && { ...key, ...content };
  }

  async head(key: RowKey): Promise<RowHead | undefined> {
    const content = this.#find(key);
    return content && headOf({ ...key, ...content });
  }

  async page(range: RowRange): Promise<readonly Row[]> {
    const table = this.#tables.get(range.table);
    return table ? table.page(range) : [];
  }

  async pageHeads(range: RowRange): Promise<readonly RowHead[]> {
    return (await this.page(range)).map(headOf);
  }

  write(change: RowChange): Promise<RowConflict | undefined> {
    return this.writeAtomically([change]);
  }

  async delete(keys: readonly RowKey[]): Promise<void> {
    for (const key of keys) this.#put(key, undefined);
  }

  async writeAtomically(changes: readonly RowChange[]): Promise<RowConflict | undefined> {
    for (const { key, expect } of changes) {
      const found = this.#find(key)?.etag;
      if (!holds(expect, found)) return { key, found };
    }
    for (const { key, content } of changes) this.#put(key, content);
    return undefined;
  }

  /** Applies the changes of a step if all rows that it read are unchanged. Returns the first row that is not. */
  apply({ seen, writes }: StepChanges): RowConflict | undefined {
    for (const { key, etag } of seen) {
      const found = this.#find(key)?.etag;
      if (found !== etag) return { key, found };
    }
    for (const { key, content } of writes) this.#put(key, content);
    return undefined;
  }

  /** Returns how many rows are in some tables. */
  count(range: TableRange): number {
    return this.#within(range).reduce(
      (sum, [name, table]) => sum + table.page({ table: name, limit: Infinity }).length,
      0,
    );
  }

  /** Deletes all rows of some tables. */
  clear(range: TableRange): void {
    for (const [name] of this.#within(range)) this.#tables.delete(name);
  }

  #within({ from, to }: TableRange): (readonly [string, Table])[] {
    return [...this.#tables].filter(([name]) => compareIds(name, from) >= 0 && compareIds(name, to) < 0);
  }

  #find({ table, partition, id }: RowKey): RowContent | undefined {
    return this.#tables.get(table)?.get(partition, id);
  }

  #put(key: RowKey, content: RowContent | undefined): void {
    let table = this.#tables.get(key.table);
    if (!table) this.#tables.set(key.table, (table = new Table(key.table)));
    table.put(key.partition, key.id, content);
    if (content?.expires !== undefined) this.#expireLater(key, content.expires);
  }

  #expireLater(key: RowKey, expires: number): void {
    const name = `${key.table}\n${key.partition}\n${key.id}`;
    this.#expiring.delete(name);
    this.#expiring.set(name, { ...key, expires });
    const now = this.#clock.now();
    let checks = checksPerRow;
    for (const [first, due] of this.#expiring) {
      if (checks-- === 0) return;
      this.#expiring.delete(first);
      if (due.expires > now) {
        this.#expiring.set(first, due);
        continue;
      }
      const found = this.#find(due);
      if (found?.expires !== undefined && found.expires <= now)
        this.#tables.get(due.table)?.put(due.partition, due.id, undefined);
    }
  }
}

/** A store: its partitions in order, each with its rows in order. */
class Table {
  readonly #name: string;
  readonly #partitions = new SortedMap<SortedMap<RowContent>>();

  constructor(name: string) {
    this.#name = name;
  }

  get(partition: string, id: string): RowContent | undefined {
    return this.#partitions.get(partition)?.get(id);
  }

  put(partition: string, id: string, content: RowContent | undefined): void {
    const rows = this.#partitions.get(partition);
    if (content) {
      if (rows) rows.set(id, content);
      else this.#partitions.set(partition, new SortedMap<RowContent>().set(id, content));
    } else if (rows) {
      rows.delete(id);
      if (rows.size === 0) this.#partitions.delete(partition);
    }
  }

  page({ partition, from, to, after, limit }: RowRange): Row[] {
    const page: Row[] = [];
    const partitions = partition === undefined ? this.#partitions.keysFrom(after?.partition) : [partition];
    for (const one of partitions) {
      const rows = this.#partitions.get(one);
      const afterId = after?.partition === one ? after.id : undefined;
      for (const id of rows?.keysFrom(afterId ?? from) ?? []) {
        if (id === afterId) continue;
        if (to !== undefined && compareIds(id, to) >= 0) break;
        const content = rows?.get(id);
        if (content) page.push({ table: this.#name, partition: one, id, ...content });
        if (page.length === limit) return page;
      }
    }
    return page;
  }
}

/** A map whose keys can be listed in order. Keys are sorted when they are listed, and only the new ones. */
class SortedMap<V> {
  readonly #values = new Map<string, V>();
  #sorted: string[] = [];
  #added: string[] = [];
  #removed = false;

  get size(): number {
    return this.#values.size;
  }

  get(key: string): V | undefined {
    return this.#values.get(key);
  }

  set(key: string, value: V): this {
    if (!this.#values.has(key)) this.#added.push(key);
    this.#values.set(key, value);
    return this;
  }

  delete(key: string): void {
    if (this.#values.delete(key)) this.#removed = true;
  }

  /** Yields the keys from `from` on, inclusive, in order. */
  *keysFrom(from: string | undefined): Generator<string, void, undefined> {
    const keys = this.#keys();
    for (let i = from === undefined ? 0 : lowerBound(keys, from); i < keys.length; i++) yield keys[i] as string;
  }

  #keys(): readonly string[] {
    if (this.#removed || this.#added.length > 0) {
      const kept = this.#removed ? this.#sorted.filter((key) => this.#values.has(key)) : this.#sorted;
      const added = [...new Set(this.#added)].filter((key) => this.#values.has(key)).sort(compareIds);
      this.#sorted = merge(kept, added);
      this.#added = [];
      this.#removed = false;
    }
    return this.#sorted;
  }
}

/** Merges two sorted lists. A key that was removed and added again is in both. */
function merge(a: readonly string[], b: readonly string[]): string[] {
  if (b.length === 0) return [...a];
  const merged: string[] = [];
  let i = 0;
  for (const key of b) {
    while (i < a.length && compareIds(a[i] as string, key) < 0) merged.push(a[i++] as string);
    if (a[i] === key) i++;
    merged.push(key);
  }
  while (i < a.length) merged.push(a[i++] as string);
  return merged;
}

function lowerBound(keys: readonly string[], key: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (compareIds(keys[middle] as string, key) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
