import type { ContainerClient } from "@azure/storage-blob";
import type { Clock } from "../../../src/base/clock.ts";
import { checkedName } from "../../../src/contract/keys.ts";
import type {
  CollectionStore,
  CounterStore,
  Identified,
  KeyedListStore,
  KeyValueStore,
  Stores,
} from "../../../src/contract/stores.ts";
import { SingleRowStores } from "../../../src/provider-kit/row-stores/index.ts";
import type { AzureClients } from "../client.ts";
import { translateErrors } from "../errors.ts";
import { TableCounterStore } from "./counter-store.ts";
import { BlobKeyValueStore } from "./key-value-store.ts";
import { BlobLockStore } from "./lock-store.ts";
import { OnceKeys } from "./once-keys.ts";
import { Once } from "./once.ts";
import { TableRows } from "./rows.ts";

/** Collections, keyed lists and counters in Table storage, key-value stores and locks in Blob storage. */
export class AzureStores implements Stores {
  readonly counters: CounterStore;
  readonly locks: BlobLockStore;
  /** The table, for what the queues keep in it. */
  readonly rows: TableRows;
  readonly #rows: SingleRowStores;
  readonly #container: ContainerClient;
  readonly #made: Once;

  constructor(
    { table, container }: Pick<AzureClients, "table" | "container">,
    clock: Clock,
    random: () => number = Math.random,
  ) {
    const rows = (this.rows = new TableRows(table));
    this.#container = container;
    this.#made = new Once(async () => {
      await translateErrors(`make the container ${container.containerName}`, () => container.createIfNotExists());
    });
    this.locks = new BlobLockStore(container, this.#made, clock);
    this.counters = new TableCounterStore(rows, clock, new OnceKeys(table, clock, random));
    this.#rows = new SingleRowStores(rows, clock, this.locks);
  }

  collection<T extends Identified>(name: string): CollectionStore<T> {
    return this.#rows.collection<T>(name);
  }

  keyedList<T extends Identified>(name: string): KeyedListStore<T> {
    return this.#rows.keyedList<T>(name);
  }

  keyValue(name: string): KeyValueStore {
    return new BlobKeyValueStore(this.#container, this.#made, checkedName("the name of a store", name));
  }

  /** Set by the provider, which publishes the events. */
  transact?: NonNullable<Stores["transact"]>;
  publishPending?: NonNullable<Stores["publishPending"]>;

  /** Reports all held locks as lost. */
  close(): void {
    this.locks.close();
  }
}
