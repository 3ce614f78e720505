import { BeeHiveError, ConcurrencyConflict } from "../base/errors.ts";
import {
  compareKeys,
  headOf,
  holds,
  deletionsOf,
  rowName,
  type AtomicRows,
  type Row,
  type RowChange,
  type RowConflict,
  type RowContent,
  type RowHead,
  type RowKey,
  type RowRange,
  type Rows,
} from "./rows.ts";

/** The reads and writes of a step. The commit applies all writes if all reads still hold, else none. */
export interface StepChanges {
  /** The version of each row that the step read; `undefined` for no row. */
  readonly seen: readonly { readonly key: RowKey; readonly etag: string | undefined }[];
  readonly writes: readonly { readonly key: RowKey; readonly content: RowContent | undefined }[];
}

/**
 * The rows of an actor step: committed rows under its own writes. The writes reach the provider at the commit.
 *
 * Optimistic: each row that the step read must have the same version at the commit, else the step runs again (Kung and
 * Robinson, "On Optimistic Methods for Concurrency Control"). New rows in a range that was read are not noticed.
 */
export class StepRows implements AtomicRows {
  readonly #base: Rows;
  readonly #seen = new Map<string, { key: RowKey; etag: string | undefined }>();
  readonly #written = new Map<string, { key: RowKey; content: RowContent | undefined }>();
  /** The number of pending calls. */
  #calls = 0;
  #over = false;
  #failed = false;

  constructor(base: Rows) {
    this.#base = base;
  }

  /**
   * Ends the step and returns its changes.
   *
   * @throws BeeHiveError `InvalidState` for a pending call, whose write would be lost silently.
   */
  changes(): StepChanges {
    this.end();
    if (this.#calls > 0) {
      // The actor does not await that call: a rejection would end the process. Its write changes nothing any more.
      this.#failed = true;
      throw new BeeHiveError(
        "InvalidState",
        "The actor returned while a call of a store was under way. Await every call in processAsync.",
      );
    }
    return { seen: [...this.#seen.values()], writes: [...this.#written.values()] };
  }

  /** Ends the step. Its stores then throw `InvalidState`. */
  end(): void {
    this.#over = true;
  }

  get(key: RowKey): Promise<Row | undefined> {
    return this.#during(this.#get(key));
  }

  async #get(key: RowKey): Promise<Row | undefined> {
    this.#assertRunning();
    const name = rowName(key);
    const own = this.#written.get(name);
    if (own) return own.content && { ...key, ...own.content };
    const row = await this.#base.get(key);
    this.#see(name, key, row?.etag);
    return row;
  }

  head(key: RowKey): Promise<RowHead | undefined> {
    return this.#during(this.#head(key));
  }

  async #head(key: RowKey): Promise<RowHead | undefined> {
    this.#assertRunning();
    const name = rowName(key);
    const own = this.#written.get(name);
    if (own) return own.content && headOf({ ...key, ...own.content });
    const head = await this.#base.head(key);
    this.#see(name, key, head?.etag);
    return head;
  }

  page(range: RowRange): Promise<readonly Row[]> {
    const merged = this.#merge(
      range,
      (base) => this.#base.page(base),
      (row) => row,
    );
    return this.#during(merged);
  }

  pageHeads(range: RowRange): Promise<readonly RowHead[]> {
    return this.#during(this.#merge(range, (base) => this.#base.pageHeads(base), headOf));
  }

  write(change: RowChange): Promise<RowConflict | undefined> {
    return this.writeAtomically([change]);
  }

  async delete(keys: readonly RowKey[]): Promise<void> {
    await this.writeAtomically(deletionsOf(keys));
  }

  writeAtomically(changes: readonly RowChange[]): Promise<RowConflict | undefined> {
    return this.#during(this.#write(changes));
  }

  async #write(changes: readonly RowChange[]): Promise<RowConflict | undefined> {
    for (const { key, expect } of changes) if (expect !== "any" && !this.#knows(key)) await this.head(key);
    // No `await` from here on, so that concurrent calls of an actor see each other's writes.
    this.#assertRunning();
    for (const { key, expect } of changes) {
      const found = this.#etagOf(key);
      if (!holds(expect, found)) return { key, found };
    }
    for (const { key, content } of changes) this.#written.set(rowName(key), { key, content });
    return undefined;
  }

  #knows(key: RowKey): boolean {
    const name = rowName(key);
    return this.#written.has(name) || this.#seen.has(name);
  }

  /** Returns the version that the step knows: its own, or the one that it read. */
  #etagOf(key: RowKey): string | undefined {
    const name = rowName(key);
    const own = this.#written.get(name);
    return own ? own.content?.etag : this.#seen.get(name)?.etag;
  }

  async #merge<R extends RowHead | Row>(
    range: RowRange,
    fetch: (range: RowRange) => Promise<readonly R[]>,
    shape: (row: Row) => R,
  ): Promise<readonly R[]> {
    this.#assertRunning();
    const own = [...this.#written.values()].filter(({ key }) => within(range, key));
    // Fetch one extra row for each own write: own deletes and replacements use up places in the page.
    const limit = range.limit + own.length;
    const base = await fetch({ ...range, limit });
    for (const row of base) {
      const name = rowName(row);
      if (!this.#written.has(name)) this.#see(name, row, row.etag);
    }
    const merged = base.filter((row) => !this.#written.has(rowName(row)));
    for (const { key, content } of own) if (content) merged.push(shape({ ...key, ...content }));
    // A full base page still leaves at least `limit` rows, so no row beyond it can belong to the result.
    return merged.sort(compareKeys).slice(0, range.limit);
  }

  /**
   * Records the version of the first read. Another version later throws at once.
   *
   * The step could not commit any more, and would mix versions until then.
   */
  #see(name: string, { table, partition, id }: RowKey, etag: string | undefined): void {
    const seen = this.#seen.get(name);
    if (!seen) this.#seen.set(name, { key: { table, partition, id }, etag });
    else if (seen.etag !== etag) throw stepConflict({ key: seen.key, found: etag });
  }

  async #during<T>(call: Promise<T>): Promise<T> {
    this.#calls++;
    try {
      return await call;
    } finally {
      this.#calls--;
    }
  }

  #assertRunning(): void {
    if (!this.#over || this.#failed) return;
    throw new BeeHiveError(
      "InvalidState",
      "A store was used after its step was over. Await every call in processAsync; an object that outlives the step, " +
        "such as a singleton, takes its stores from hive.store(token) instead of having them injected.",
    );
  }
}

/** Returns the error of a step that cannot commit because a row changed. */
export function stepConflict({ key }: RowConflict): ConcurrencyConflict {
  return new ConcurrencyConflict(rowName(key), `"${key.id}" in ${key.table} changed while the step ran.`);
}

function within(range: RowRange, key: RowKey): boolean {
  if (key.table !== range.table) return false;
  if (range.after && compareKeys(key, range.after) <= 0) return false;
  if (range.partition === undefined) return true;
  if (key.partition !== range.partition) return false;
  if (range.from !== undefined && compareKeys(key, { ...key, id: range.from }) < 0) return false;
  return range.to === undefined || compareKeys(key, { ...key, id: range.to }) < 0;
}
