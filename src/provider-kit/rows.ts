import { checkedEtag } from "../contract/keys.ts";

/*
 * The one primitive that a provider implements for state: a table of versioned rows. The stores are written once on top
 * of it (`row-stores/`). Where a write of several rows is one with the commit of an event, in memory and on SQLite, the
 * overlay that makes an actor step atomic (`step-rows.ts`) is on top of it too.
 */

/** Where a row is. `table` is one store, `partition` one list or counter in it, `id` one item. */
export interface RowKey {
  readonly table: string;
  readonly partition: string;
  readonly id: string;
}

/** What a row holds. */
export interface RowContent {
  readonly value: string | Uint8Array;
  /** Made by the writer, never by the driver, so that a step knows its etags before it commits. */
  readonly etag: string;
  /** Milliseconds since the epoch. */
  readonly modified: number;
  /** Text beside the value that can be read without it. */
  readonly metadata?: string | undefined;
  /** The driver may remove the row from this time on; readers check it themselves. */
  readonly expires?: number | undefined;
}

export interface Row extends RowKey, RowContent {}

/** A row without its value. */
export interface RowHead extends Omit<Row, "value"> {
  /** The length of the value in bytes. */
  readonly size: number;
}

/** What must hold of the row that is there for a change to be made. */
export type RowExpectation = "any" | "absent" | "present" | { readonly etag: string };

export interface RowChange {
  readonly key: RowKey;
  readonly expect: RowExpectation;
  /** What to write; `undefined` deletes. */
  readonly content: RowContent | undefined;
}

/** Why a write did nothing. */
export interface RowConflict {
  readonly key: RowKey;
  /** The etag that was found; `undefined` when there was no row. */
  readonly found: string | undefined;
}

export interface RowRange {
  readonly table: string;
  /** All partitions of the table when not given, in (partition, id) order. */
  readonly partition?: string | undefined;
  /** Ids from here, inclusive. Only with a partition. */
  readonly from?: string | undefined;
  /** Ids up to here, exclusive. Only with a partition. */
  readonly to?: string | undefined;
  /** Only what comes after this row. */
  readonly after?: Pick<RowKey, "partition" | "id"> | undefined;
  /** How many rows at the most; at least 1. */
  readonly limit: number;
}

/**
 * A table of rows. A driver must give strong consistency: a read sees every write that was answered before.
 * Errors other than conflicts are thrown as `BeeHiveError`.
 */
export interface Rows {
  get(key: RowKey): Promise<Row | undefined>;
  head(key: RowKey): Promise<RowHead | undefined>;
  /** Up to `limit` rows in order; fewer means that there are no more. */
  page(range: RowRange): Promise<readonly Row[]>;
  /** As {@link page}, without values. */
  pageHeads(range: RowRange): Promise<readonly RowHead[]>;
  /**
   * Makes all changes or none; on a cloud, whose transactions are small, of each 100 or fewer of them. Returns the first that
   * conflicts, or `undefined` when all were made.
   */
  write(changes: readonly RowChange[]): Promise<RowConflict | undefined>;
}

/** The version that a caller named, else what holds without one. @throws BeeHiveError `InvalidKey`. */
export function etagExpected(etag: string | undefined, otherwise: RowExpectation): RowExpectation {
  return etag === undefined ? otherwise : { etag: checkedEtag(etag) };
}

/** Whether `expect` holds of a row with the etag `found`. */
export function holds(expect: RowExpectation, found: string | undefined): boolean {
  if (expect === "any") return true;
  if (expect === "absent") return found === undefined;
  if (expect === "present") return found !== undefined;
  return found === expect.etag;
}

/** Orders texts by Unicode code point, as UTF-8 bytes sort in the databases. */
export function compareIds(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x === y) continue;
    // UTF-16 puts surrogates (code points from U+10000) below U+E000 to U+FFFF; code points do not.
    const xSurrogate = x >= 0xd800 && x <= 0xdfff;
    const ySurrogate = y >= 0xd800 && y <= 0xdfff;
    return xSurrogate === ySurrogate ? x - y : xSurrogate ? 1 : -1;
  }
  return a.length - b.length;
}

/** Orders rows of one table. */
export function compareKeys(a: Pick<RowKey, "partition" | "id">, b: Pick<RowKey, "partition" | "id">): number {
  return compareIds(a.partition, b.partition) || compareIds(a.id, b.id);
}

/** One text for each key, the same wherever rows collide. Keys hold no control characters, so newlines keep their parts apart. */
export function rowName({ table, partition, id }: RowKey): string {
  return `${table}\n${partition}\n${id}`;
}

/** The size of a value in bytes. */
export function sizeOf(value: string | Uint8Array): number {
  return typeof value === "string" ? Buffer.byteLength(value) : value.byteLength;
}

/** The row without its value. */
export function headOf(row: Row): RowHead {
  const { value, ...head } = row;
  return { ...head, size: sizeOf(value) };
}

/** All rows of a range, a page of `limit` at a time. */
export async function* pages<R extends RowKey>(
  fetch: (range: RowRange) => Promise<readonly R[]>,
  range: RowRange,
): AsyncGenerator<R, void, undefined> {
  let after = range.after;
  for (;;) {
    const page = await fetch({ ...range, after });
    yield* page;
    if (page.length < range.limit) return;
    after = page.at(-1);
  }
}
