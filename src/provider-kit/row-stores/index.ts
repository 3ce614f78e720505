import type { Clock } from "../../base/clock.ts";
import { checkedName } from "../../contract/keys.ts";
import type {
  CollectionStore,
  CounterStore,
  Identified,
  KeyedListStore,
  KeyValueStore,
  LockStore,
  Stores,
} from "../../contract/stores.ts";
import type { ClearedStore } from "../../contract/topic-log.ts";
import type { AtomicRows, Rows } from "../rows.ts";
import { RowCollectionStore } from "./collection-store.ts";
import { RowCounterStore } from "./counter-store.ts";
import { Items } from "./items.ts";
import { RowKeyValueStore } from "./key-value-store.ts";
import { RowKeyedListStore } from "./keyed-list-store.ts";
import { RowLockStore } from "./lock-store.ts";

/** The stores that change one row at a time: all but counters. */
export class SingleRowStores implements Omit<Stores, "counters"> {
  readonly #rows: Rows;
  readonly #clock: Clock;
  readonly #locks: LockStore;
  readonly #ownLocks: RowLockStore | undefined = undefined;

  /** @param locks the locks, which never join a step. @default locks in the rows */
  constructor(rows: Rows, clock: Clock, locks?: LockStore) {
    this.#rows = rows;
    this.#clock = clock;
    if (locks) this.#locks = locks;
    else this.#locks = this.#ownLocks = new RowLockStore(rows, clock);
  }

  /** Ends the held locks: their signals abort. */
  close(): void {
    this.#ownLocks?.close();
  }

  collection<T extends Identified>(name: string): CollectionStore<T> {
    return new RowCollectionStore<T>(new Items<T>(this.#rows, this.#clock), collectionTable(name));
  }

  keyedList<T extends Identified>(name: string): KeyedListStore<T> {
    return new RowKeyedListStore<T>(new Items<T>(this.#rows, this.#clock), table("list", name));
  }

  keyValue(name: string): KeyValueStore {
    return new RowKeyValueStore(this.#rows, this.#clock, table("blob", name));
  }

  get locks(): LockStore {
    return this.#locks;
  }
}

/**
 * All stores on a table of rows: of a provider, or of one step with its `StepRows`.
 *
 * @example
 * readonly stores = new RowStores(new MyRows(), clock);
 */
export class RowStores extends SingleRowStores implements Stores {
  readonly counters: CounterStore;
  readonly rows: AtomicRows;
  /** Set by the provider, see `stepTransactions`. */
  transact?: NonNullable<Stores["transact"]>;

  /** @param locks the locks, which never join a step. @default locks in the rows */
  constructor(rows: AtomicRows, clock: Clock, locks?: LockStore) {
    super(rows, clock, locks);
    this.rows = rows;
    this.counters = new RowCounterStore(rows, clock);
  }
}

/** Tables from a name to another, exclusive, by code point. */
export interface TableRange {
  readonly from: string;
  readonly to: string;
}

/** Returns the tables of a store; the first range holds its items. */
export function tablesOf({ kind, name }: ClearedStore): readonly TableRange[] {
  switch (kind) {
    case "keyed list":
      // A table for each list; "0" follows "/".
      return [{ from: `${table("list", name)}/`, to: `${table("list", name)}0` }];
    case "counter":
      return [only(table("counter", name)), only(`${table("counter", name)}.once`)];
    default:
      return [only(table(kind === "collection" ? kind : "blob", name))];
  }
}

/** Returns the table of a collection. */
export function collectionTable(name: string): string {
  return table("collection", name);
}

/** No name goes on with a control character. */
function only(from: string): TableRange {
  return { from, to: `${from}\u0001` };
}

function table(kind: string, name: string): string {
  return `${kind}/${checkedName("the name of a store", name)}`;
}
