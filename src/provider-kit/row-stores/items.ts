import type { Clock } from "../../base/clock.ts";
import { messageOf } from "../../base/error-text.ts";
import { BeeHiveError, ConcurrencyConflict } from "../../base/errors.ts";
import { jsonErrorPlace } from "../../base/json-error.ts";
import { lostWithin } from "../../base/lossy-value.ts";
import { checkedBound, checkedKey } from "../../contract/keys.ts";
import type { IdRange, Identified, Stored } from "../../contract/stores.ts";
import {
  etagExpected,
  pages,
  rowName,
  type Row,
  type RowConflict,
  type RowExpectation,
  type RowKey,
  type RowRange,
  type Rows,
} from "../rows.ts";
import { nextEtag } from "./etag.ts";

/** The rows of a page: enough to make round trips rare, few enough to hold in memory. */
const pageSize = 200;

/** The items of collections and keyed lists: JSON in rows. */
export class Items<T extends Identified> {
  readonly #rows: Rows;
  readonly #clock: Clock;

  constructor(rows: Rows, clock: Clock) {
    this.#rows = rows;
    this.#clock = clock;
  }

  async get(key: RowKey): Promise<Stored<T>> {
    const item = await this.find(key);
    if (!item) throw notFound(key);
    return item;
  }

  async find(key: RowKey): Promise<Stored<T> | undefined> {
    const row = await this.#rows.get(key);
    return row && itemOf<T>(row);
  }

  async exists(key: RowKey): Promise<boolean> {
    return (await this.#rows.head(key)) !== undefined;
  }

  async any(range: Omit<RowRange, "limit">): Promise<boolean> {
    return (await this.#rows.pageHeads({ ...range, limit: 1 })).length > 0;
  }

  /** Writes the item and returns it as stored. @param withoutEtag the expectation for an item without an etag. */
  async write(key: RowKey, item: T, withoutEtag: RowExpectation): Promise<Stored<T>> {
    const expect = withoutEtag === "absent" ? withoutEtag : etagExpected(item.etag, withoutEtag);
    const { stored, conflict } = await this.#write(key, item, expect);
    if (conflict) throw conflictError(key, expect, conflict.found);
    return stored;
  }

  /** Writes a new item and returns it as stored. Returns `undefined` if there is an item of that id. */
  async insertIfAbsent(key: RowKey, item: T): Promise<Stored<T> | undefined> {
    const { stored, conflict } = await this.#write(key, item, "absent");
    return conflict ? undefined : stored;
  }

  async #write(
    key: RowKey,
    item: T,
    expect: RowExpectation,
  ): Promise<{ readonly stored: Stored<T>; readonly conflict: RowConflict | undefined }> {
    const { etag: _, ...rest } = item;
    const etag = nextEtag();
    const value = jsonOf(key, rest);
    const content = { value, etag, modified: this.#clock.now() };
    const conflict = await this.#rows.write({ key, expect, content });
    return { stored: { ...(JSON.parse(value) as object), etag } as Stored<T>, conflict };
  }

  async delete(key: RowKey, etag: string | undefined): Promise<void> {
    const expect = etagExpected(etag, "present");
    const conflict = await this.#rows.write({ key, expect, content: undefined });
    if (conflict) throw conflictError(key, expect, conflict.found);
  }

  /** Deletes a partition, a page at a time. */
  async deleteAll(table: string, partition: string): Promise<void> {
    for (;;) {
      const heads = await this.#rows.pageHeads({ table, partition, limit: pageSize });
      await this.#rows.delete(heads);
      if (heads.length < pageSize) return;
    }
  }

  async *range(table: string, partition: string, { from, to }: IdRange): AsyncGenerator<Stored<T>, void, undefined> {
    const bounds = { from: checkedBound("the start of a range", from), to: checkedBound("the end of a range", to) };
    const range = { table, partition, ...bounds, limit: pageSize };
    for await (const row of pages((one) => this.#rows.page(one), range)) yield itemOf<T>(row);
  }
}

/** Returns the id of an item, or the id itself. @throws BeeHiveError `InvalidKey`. */
export function idOf(item: string | Identified): string {
  return checkedKey("an id", typeof item === "string" ? item : item?.id);
}

export function etagOf(item: string | Identified): string | undefined {
  return typeof item === "string" ? undefined : item.etag;
}

function jsonOf(key: RowKey, item: object): string {
  let json: string;
  try {
    json = JSON.stringify(item);
  } catch (cause) {
    throw new BeeHiveError("InvalidItem", `${describe(key)} is not JSON: ${messageOf(cause)}`, { cause });
  }
  const lost = lostWithin(item, json);
  if (lost === undefined) return json;
  throw new BeeHiveError(
    "InvalidItem",
    `${describe(key)} has ${lost}, of which JSON would keep nothing that can be read; ` +
      "store bytes as base64 or in the key-value store, and null for a number or date that is none.",
  );
}

function itemOf<T extends Identified>(row: Row): Stored<T> {
  return { ...jsonIn<object>(row), etag: row.etag } as Stored<T>;
}

/** Returns the JSON value of a row. @throws BeeHiveError `InvalidItem` if another program wrote something else. */
export function jsonIn<V>(row: Row): V {
  try {
    return JSON.parse(row.value as string) as V;
  } catch {
    // The error of JSON.parse quotes the text, which does not belong in errors.
    throw unreadable(row, `it is not JSON, wrong ${jsonErrorPlace(String(row.value)) ?? "somewhere"}`);
  }
}

export function unreadable(key: RowKey, why: string): BeeHiveError {
  return new BeeHiveError("InvalidItem", `${describe(key)} cannot be read: ${why}. Write it again, or delete it.`);
}

function describe({ table, partition, id }: RowKey): string {
  return partition === "" ? `"${id}" in ${table}` : `"${id}" in ${table} "${partition}"`;
}

export function notFound(key: RowKey): BeeHiveError {
  return new BeeHiveError("NotFound", `There is no ${describe(key)}.`);
}

export function conflictError(key: RowKey, expect: RowExpectation, found: string | undefined): BeeHiveError {
  if (expect === "absent") return new BeeHiveError("AlreadyExists", `There is a ${describe(key)} already.`);
  if (expect === "present") return notFound(key);
  return new ConcurrencyConflict(
    rowName(key),
    found === undefined
      ? `${describe(key)} was deleted since it was read; read it again. If it is a copy of another item, leave out its etag.`
      : `${describe(key)} changed since it was read; read it again and repeat the change.`,
  );
}
