import { checkedEtag } from "../contract/keys.ts";

/*
 * Versioned rows: the part of the state that a provider implements. The stores (`row-stores/`) are built on top of it.
 * Providers that write rows and commit an event in one transaction also use the atomic step (`step-rows.ts`).
 */

/** Address of a row: `table` is a store, `partition` a list or counter, `id` an item. */
export interface RowKey {
  readonly table: string;
  readonly partition: string;
  readonly id: string;
}

/** The content of a row. */
export interface RowContent {
  readonly value: string | Uint8Array;
  /** The version. The writer makes it, so that a step knows its etags before the commit. */
  readonly etag: string;
  /** The time of the write, in ms since the epoch. */
  readonly modified: number;
  /** A text that can be read without the value. */
  readonly metadata?: string | undefined;
  /** The time from which the provider may remove the row, in ms since the epoch. Readers check it themselves. */
  readonly expires?: number | undefined;
}

/** A row with its address. */
export interface Row extends RowKey, RowContent {}

/** A row without its value. */
export interface RowHead extends Omit<Row, "value"> {
  /** The size of the value, in bytes. */
  readonly size: number;
}

/** The condition of a change on the stored row. */
export type RowExpectation = "any" | "absent" | "present" | { readonly etag: string };

/** A conditional write of one row. */
export interface RowChange {
  readonly key: RowKey;
  readonly expect: RowExpectation;
  /** The new content; `undefined` deletes. */
  readonly content: RowContent | undefined;
}

/** The change whose expectation did not hold. */
export interface RowConflict {
  readonly key: RowKey;
  /** The etag of the stored row; `undefined` for no row. */
  readonly found: string | undefined;
}

/** A page of rows: its bounds, and its maximum size. */
export interface RowRange {
  readonly table: string;
  /** A partition. @default all partitions, in order of partition and id */
  readonly partition?: string | undefined;
  /** The first id, inclusive. Only with a partition. */
  readonly from?: string | undefined;
  /** The last id, exclusive. Only with a partition. */
  readonly to?: string | undefined;
  /** The row before the page. */
  readonly after?: Pick<RowKey, "partition" | "id"> | undefined;
  /** The maximum number of rows, from 1. */
  readonly limit: number;
}

/**
 * A table of rows, with strong consistency. A read sees every write that resolved before it.
 *
 * Conflicts are returned. Other failures throw `BeeHiveError`s.
 */
export interface Rows {
  /** Returns a row, or `undefined`. */
  get(key: RowKey): Promise<Row | undefined>;
  /** Returns a row without its value, or `undefined`. */
  head(key: RowKey): Promise<RowHead | undefined>;
  /** Returns up to `limit` rows in order. Fewer rows mean the end of the range. */
  page(range: RowRange): Promise<readonly Row[]>;
  /** Returns the same rows as {@link page}, without values. */
  pageHeads(range: RowRange): Promise<readonly RowHead[]>;
  /** Makes one change if its expectation holds. Returns the conflict, or `undefined`. */
  write(change: RowChange): Promise<RowConflict | undefined>;
  /** Deletes rows of one partition, of any version. Not atomic: after an error some of them may be left. */
  delete(keys: readonly RowKey[]): Promise<void>;
}

/** Rows that can change together. */
export interface AtomicRows extends Rows {
  /**
   * Makes all changes or none. Returns the first conflict, or `undefined`.
   *
   * A provider may limit them to rows of one table and partition, and to 100.
   */
  writeAtomically(changes: readonly RowChange[]): Promise<RowConflict | undefined>;
}

/** Returns the expectation of an optional etag. @throws BeeHiveError `InvalidKey` for an etag that is no text. */
export function etagExpected(etag: string | undefined, otherwise: RowExpectation): RowExpectation {
  return etag === undefined ? otherwise : { etag: checkedEtag(etag) };
}

/** Returns the changes that delete rows of any version. */
export function deletionsOf(keys: readonly RowKey[]): RowChange[] {
  return keys.map(({ table, partition, id }) => ({
    key: { table, partition, id },
    expect: "any",
    content: undefined,
  }));
}

/** Returns whether an expectation holds for a row with the etag `found`, `undefined` without a row. */
export function holds(expect: RowExpectation, found: string | undefined): boolean {
  if (expect === "any") return true;
  if (expect === "absent") return found === undefined;
  if (expect === "present") return found !== undefined;
  return found === expect.etag;
}

/** Compares texts by Unicode code point, as databases sort UTF-8 bytes. */
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

/** Compares rows of one table. */
export function compareKeys(a: Pick<RowKey, "partition" | "id">, b: Pick<RowKey, "partition" | "id">): number {
  return compareIds(a.partition, b.partition) || compareIds(a.id, b.id);
}

/** Returns a unique text for a key. Keys hold no control characters, so line breaks separate their parts. */
export function rowName({ table, partition, id }: RowKey): string {
  return `${table}\n${partition}\n${id}`;
}

/** Returns whether a key is in a range. */
export function within(range: RowRange, key: RowKey): boolean {
  if (key.table !== range.table) return false;
  if (range.after && compareKeys(key, range.after) <= 0) return false;
  if (range.partition === undefined) return true;
  if (key.partition !== range.partition) return false;
  if (range.from !== undefined && compareKeys(key, { ...key, id: range.from }) < 0) return false;
  return range.to === undefined || compareKeys(key, { ...key, id: range.to }) < 0;
}

/** Returns the size of a value, in bytes. */
export function sizeOf(value: string | Uint8Array): number {
  return typeof value === "string" ? Buffer.byteLength(value) : value.byteLength;
}

/** Returns a row without its value. */
export function headOf(row: Row): RowHead {
  const { value, ...head } = row;
  return { ...head, size: sizeOf(value) };
}

/** Yields all rows of a range, a page of `limit` at a time. */
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
