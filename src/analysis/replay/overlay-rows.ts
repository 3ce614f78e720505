import type { TableRange } from "../../provider-kit/row-stores/index.ts";
import {
  compareIds,
  compareKeys,
  deletionsOf,
  headOf,
  holds,
  rowName,
  within,
  type AtomicRows,
  type Row,
  type RowChange,
  type RowConflict,
  type RowContent,
  type RowHead,
  type RowKey,
  type RowRange,
  type Rows,
} from "../../provider-kit/rows.ts";

/** A row that was written; `undefined` for a deletion. */
export interface WrittenRow {
  readonly key: RowKey;
  readonly content: RowContent | undefined;
}

/** Rows over those of a store, which are read and never written. */
export class OverlayRows implements AtomicRows {
  readonly #base: Rows;
  readonly #empty: readonly TableRange[];
  readonly #written = new Map<string, WrittenRow>();
  readonly #readThrough = new Set<string>();

  /** @param empty Tables that are taken for empty. */
  constructor(base: Rows, empty: readonly TableRange[] = []) {
    this.#base = base;
    this.#empty = empty;
  }

  get written(): readonly WrittenRow[] {
    return [...this.#written.values()];
  }

  /** The tables of which a row was read from below. */
  get readThrough(): ReadonlySet<string> {
    return this.#readThrough;
  }

  /** Takes over what was written to a layer above. */
  absorb(layer: OverlayRows): void {
    for (const [name, row] of layer.#written) this.#written.set(name, row);
  }

  async get(key: RowKey): Promise<Row | undefined> {
    const own = this.#written.get(rowName(key));
    if (own) return rowOf(own);
    if (this.#isEmpty(key.table)) return undefined;
    return this.#noted(await this.#base.get(key));
  }

  async head(key: RowKey): Promise<RowHead | undefined> {
    const own = this.#written.get(rowName(key));
    const row = own && rowOf(own);
    if (own) return row && headOf(row);
    if (this.#isEmpty(key.table)) return undefined;
    return this.#noted(await this.#base.head(key));
  }

  page(range: RowRange): Promise<readonly Row[]> {
    return this.#merge(
      range,
      (one) => this.#base.page(one),
      (row) => row,
    );
  }

  pageHeads(range: RowRange): Promise<readonly RowHead[]> {
    return this.#merge(range, (one) => this.#base.pageHeads(one), headOf);
  }

  write(change: RowChange): Promise<RowConflict | undefined> {
    return this.writeAtomically([change]);
  }

  async delete(keys: readonly RowKey[]): Promise<void> {
    await this.writeAtomically(deletionsOf(keys));
  }

  async writeAtomically(changes: readonly RowChange[]): Promise<RowConflict | undefined> {
    for (const { key, expect } of changes) {
      if (expect === "any") continue;
      const found = (await this.head(key))?.etag;
      if (!holds(expect, found)) return { key, found };
    }
    for (const { key, content } of changes) this.#written.set(rowName(key), { key, content });
    return undefined;
  }

  async #merge<R extends RowKey>(
    range: RowRange,
    fetch: (range: RowRange) => Promise<readonly R[]>,
    shape: (row: Row) => R,
  ): Promise<readonly R[]> {
    const own = this.written.filter(({ key }) => within(range, key));
    // Fetch an extra row for each of these: deletions and replacements use up places in the page.
    const below = this.#isEmpty(range.table) ? [] : await fetch({ ...range, limit: range.limit + own.length });
    const rows = below.filter((row) => !this.#written.has(rowName(row)));
    for (const row of rows) this.#noted(row);
    const above = own.flatMap((row) => rowOf(row) ?? []).map(shape);
    return [...rows, ...above].sort(compareKeys).slice(0, range.limit);
  }

  #noted<R extends RowKey>(row: R | undefined): R | undefined {
    if (row) this.#readThrough.add(row.table);
    return row;
  }

  #isEmpty(table: string): boolean {
    return this.#empty.some(({ from, to }) => compareIds(table, from) >= 0 && compareIds(table, to) < 0);
  }
}

function rowOf({ key, content }: WrittenRow): Row | undefined {
  return content && { ...key, ...content };
}
