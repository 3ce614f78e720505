import { BeeHiveError } from "../base/errors.ts";
import {
  compareKeys,
  headOf,
  holds,
  deletionsOf,
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
} from "./rows.ts";
import { stepConflict, type StepChanges } from "./step-changes.ts";
import type { PendingCommit, PendingWrite, Place, StepsUnderWay } from "./steps-under-way.ts";

export { stepConflict, type StepChanges } from "./step-changes.ts";

/**
 * The rows of an actor step: committed rows under its own writes. The writes reach the provider at the commit.
 *
 * Optimistic: each row that the step read must have the same version at the commit, else the step runs again (Kung and
 * Robinson, "On Optimistic Methods for Concurrency Control"). New rows in a range that was read are not noticed.
 */
export class StepRows implements AtomicRows {
  readonly #base: Rows;
  readonly #underWay: StepsUnderWay | undefined;
  /** The places in the lines of the rows that the step has read. */
  readonly #places = new Map<string, Place>();
  readonly #relied = new Set<PendingCommit>();
  readonly #seen = new Map<string, { key: RowKey; etag: string | undefined }>();
  readonly #written = new Map<string, { key: RowKey; content: RowContent | undefined }>();
  /** The number of pending calls. */
  #calls = 0;
  #over = false;
  #failed = false;

  /** @param underWay The other steps of the process. @default Reads return committed rows only. */
  constructor(base: Rows, underWay?: StepsUnderWay) {
    this.#base = base;
    this.#underWay = underWay;
  }

  /** The commits whose writes the step has read before they happened. */
  get relied(): Iterable<PendingCommit> {
    return this.#relied;
  }

  /**
   * Ends the step and returns its changes.
   *
   * @throws BeeHiveError `InvalidState` for a pending call, whose write would be lost silently.
   */
  changes(): StepChanges {
    this.end();
    if (this.#calls > 0) {
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
    // No one may await a pending call: a rejection would end the process. Its write changes nothing any more.
    if (this.#calls > 0) this.#failed = true;
    for (const { leave } of this.#places.values()) leave();
    this.#places.clear();
  }

  get(key: RowKey): Promise<Row | undefined> {
    return this.#during(this.#get(key));
  }

  async #get(key: RowKey): Promise<Row | undefined> {
    this.#assertRunning();
    const name = rowName(key);
    const own = this.#written.get(name);
    if (own) return rowOf(own);
    const turn = this.#turn(name);
    if (turn) await turn;
    const pending = this.#pending(name);
    const row = pending ? rowOf(pending) : await this.#base.get(key);
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
    const turn = this.#turn(name);
    if (turn) await turn;
    const pending = this.#pending(name);
    const row = pending && rowOf(pending);
    const head = pending ? row && headOf(row) : await this.#base.head(key);
    this.#see(name, key, head?.etag);
    return head;
  }

  /** Returns a promise of the step's turn with a row; `undefined` if it need not wait. */
  #turn(name: string): Promise<unknown> | undefined {
    let place = this.#places.get(name);
    if (!place && this.#underWay) this.#places.set(name, (place = this.#underWay.join(name)));
    return place?.turn;
  }

  /** Returns the write of another step that is about to be committed. */
  #pending(name: string): PendingWrite | undefined {
    const pending = this.#underWay?.pending(name);
    if (pending) this.#relied.add(pending.commit);
    return pending;
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
    const pending = this.#underWay?.pendingWithin(range) ?? [];
    // Fetch one extra row for each of these: deletes and replacements use up places in the page.
    const limit = range.limit + own.length + pending.length;
    const committed = await fetch({ ...range, limit });
    for (const write of pending) this.#relied.add(write.commit);
    const base = overlaid(committed, pending, shape);
    for (const row of base) {
      const name = rowName(row);
      if (!this.#written.has(name)) this.#see(name, row, row.etag);
    }
    // A full page still leaves at least `limit` rows, so no row beyond it can belong to the result.
    return overlaid(base, own, shape).sort(compareKeys).slice(0, range.limit);
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

/** Returns rows with writes on top of them, in no order. */
function overlaid<R extends RowHead | Row>(
  rows: readonly R[],
  writes: readonly Pick<PendingWrite, "key" | "content">[],
  shape: (row: Row) => R,
): R[] {
  if (writes.length === 0) return [...rows];
  const written = new Set(writes.map(({ key }) => rowName(key)));
  const result = rows.filter((row) => !written.has(rowName(row)));
  for (const write of writes) {
    const row = rowOf(write);
    if (row) result.push(shape(row));
  }
  return result;
}

function rowOf({ key, content }: Pick<PendingWrite, "key" | "content">): Row | undefined {
  return content && { ...key, ...content };
}
