import { Batches } from "../../../src/provider-kit/batches.ts";
import {
  deletionsOf,
  rowName,
  type AtomicRows,
  type Row,
  type RowChange,
  type RowConflict,
  type RowHead,
  type RowKey,
  type RowRange,
} from "../../../src/provider-kit/rows.ts";
import type { StepChanges } from "../../../src/provider-kit/step-rows.ts";
import type { PostgresClient } from "../client.ts";
import { newest } from "../database/sql.ts";
import type { Value } from "../database/value.ts";
import type { Commit, ItemUse, Outcome } from "../queues/commits.ts";

/** A row of the table `items`. */
interface Item {
  readonly store: string;
  readonly partition: string;
  readonly id: string;
  readonly etag: string;
  readonly modified: number;
  readonly expires: number | null;
  readonly metadata: string | null;
}

interface WholeItem extends Item {
  readonly value: string | null;
  readonly bytes: Uint8Array | null;
}

interface ItemHead extends Item {
  readonly size: number;
}

const headColumns = "store, partition, id, etag, modified, expires, metadata";
const columns = {
  item: "value, bytes",
  head: "coalesce(octet_length(value), octet_length(bytes), 0) AS size",
} as const;
type Shape = keyof typeof columns;

/** Reads of one turn of the event loop are one statement. Blobs may be large, so that few go together. */
const readLimits = { maxEntries: 100, maxInFlight: 4 };

/** The rows of all stores, in one table. */
export class PostgresRows implements AtomicRows {
  readonly #client: PostgresClient;
  readonly #commit: (commit: Commit) => Promise<Outcome>;
  readonly #reading: Batches<RowKey, WholeItem | undefined>;
  readonly #readingHeads: Batches<RowKey, ItemHead | undefined>;

  /** @param commit commits changes of items, together with those of steps. */
  constructor(client: PostgresClient, commit: (commit: Commit) => Promise<Outcome>) {
    this.#client = client;
    this.#commit = commit;
    this.#reading = new Batches((keys) => this.#read<WholeItem>("item", keys), readLimits);
    this.#readingHeads = new Batches((keys) => this.#read<ItemHead>("head", keys), readLimits);
  }

  async get(key: RowKey): Promise<Row | undefined> {
    const item = await this.#reading.add(key);
    return item && rowOf(item);
  }

  async head(key: RowKey): Promise<RowHead | undefined> {
    const item = await this.#readingHeads.add(key);
    return item && headOf(item);
  }

  async page(range: RowRange): Promise<readonly Row[]> {
    return (await this.#select<WholeItem>("item", range)).map(rowOf);
  }

  async pageHeads(range: RowRange): Promise<readonly RowHead[]> {
    return (await this.#select<ItemHead>("head", range)).map(headOf);
  }

  write(change: RowChange): Promise<RowConflict | undefined> {
    return this.writeAtomically([change]);
  }

  async delete(keys: readonly RowKey[]): Promise<void> {
    await this.writeAtomically(deletionsOf(keys));
  }

  async writeAtomically(changes: readonly RowChange[]): Promise<RowConflict | undefined> {
    if (changes.length === 0) return undefined;
    const items = changes.map(({ key, expect, content }): ItemUse => {
      return { key, expect, act: content ? "put" : "delete", content };
    });
    const outcome = await this.#commit({ lease: undefined, events: [], pushed: false, items });
    return outcome.kind === "conflict" ? outcome : undefined;
  }

  async #read<I extends Item>(shape: Shape, keys: readonly RowKey[]): Promise<(I | undefined)[]> {
    const { rows } = await this.#client.query<I & { readonly n: number }>(
      `SELECT k.n, i.* FROM unnest($1::text[], $2::text[], $3::text[]) WITH ORDINALITY AS k (store, partition, id, n)
        CROSS JOIN LATERAL (SELECT ${headColumns}, ${columns[shape]} FROM beehive.items i
          WHERE i.store = k.store AND i.partition = k.partition AND ${newest("i.id", "k.id")}) AS i`,
      [keys.map(({ table }) => table), keys.map(({ partition }) => partition), keys.map(({ id }) => id)],
    );
    const found: (I | undefined)[] = keys.map(() => undefined);
    for (const row of rows) found[row.n - 1] = row;
    return found;
  }

  async #select<I extends Item>(shape: Shape, range: RowRange): Promise<readonly I[]> {
    const { table, partition, from, to, after, limit } = range;
    const values: Value[] = [];
    const given = (value: Value): string => `$${values.push(value)}`;
    const where = [`store = ${given(table)}`];
    if (partition !== undefined) where.push(`partition = ${given(partition)}`);
    if (from !== undefined) where.push(`id >= ${given(from)}`);
    if (to !== undefined) where.push(`id < ${given(to)}`);
    if (after && partition === undefined)
      where.push(`(partition, id) > (${given(after.partition)}, ${given(after.id)})`);
    else if (after) where.push(`id > ${given(after.id)}`);
    const text =
      `SELECT ${headColumns}, ${columns[shape]} FROM beehive.items WHERE ${where.join(" AND ")} ` +
      `ORDER BY store, partition, id LIMIT ${given(limit)}`;
    return (await this.#client.query<I>(text, values)).rows;
  }
}

/** Returns what a step read and wrote. A row that it wrote without a look at it may be any. */
export function usesOf({ seen, writes }: StepChanges): ItemUse[] {
  const uses = new Map<string, ItemUse>();

  for (const { key, etag } of seen)
    uses.set(rowName(key), { key, expect: etag === undefined ? "absent" : { etag }, act: "read", content: undefined });
  for (const { key, content } of writes) {
    const expect = uses.get(rowName(key))?.expect ?? "any";
    uses.set(rowName(key), { key, expect, act: content ? "put" : "delete", content });
  }
  return [...uses.values()];
}

function rowOf({ value, bytes, ...item }: WholeItem): Row {
  // A copy: the bytes of an answer share the memory of all of it.
  return { ...keyOf(item), value: value ?? new Uint8Array(bytes ?? []) };
}

function headOf({ size, ...item }: ItemHead): RowHead {
  return { ...keyOf(item), size };
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
