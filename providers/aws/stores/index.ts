import type { Clock } from "../../../src/base/clock.ts";
import type {
  CollectionStore,
  CounterStore,
  Identified,
  KeyedListStore,
  KeyValueStore,
  LockStore,
  Stores,
} from "../../../src/contract/stores.ts";
import { SingleRowStores } from "../../../src/provider-kit/row-stores/index.ts";
import type { AwsClients, AwsSettings } from "../config.ts";
import { DynamoCounterStore } from "./counter-store.ts";
import { S3KeyValueStore } from "./key-value-store.ts";
import type { DynamoRows } from "./rows.ts";

/**
 * The stores of the provider.
 *
 * Collections, keyed lists and locks are rows in DynamoDB, as in every provider with rows. Counters are items of their
 * own. Key-value stores are in S3.
 */
export class AwsStores implements Stores {
  readonly counters: CounterStore;
  readonly #rows: DynamoRows;
  readonly #rowStores: SingleRowStores;
  readonly #clients: AwsClients;
  readonly #config: AwsSettings;
  readonly #clock: Clock;

  constructor(clients: AwsClients, config: AwsSettings, clock: Clock, rows: DynamoRows) {
    this.#clients = clients;
    this.#config = config;
    this.#clock = clock;
    this.#rows = rows;
    this.#rowStores = new SingleRowStores(rows, clock);
    this.counters = new DynamoCounterStore(clients.dynamodb, config.table, rows, clock);
  }

  collection<T extends Identified>(name: string): CollectionStore<T> {
    return this.#rowStores.collection<T>(name);
  }

  keyedList<T extends Identified>(name: string): KeyedListStore<T> {
    return this.#rowStores.keyedList<T>(name);
  }

  keyValue(name: string): KeyValueStore {
    return new S3KeyValueStore(this.#clients.s3, this.#config.bucket, this.#rows, this.#clock, name);
  }

  get locks(): LockStore {
    return this.#rowStores.locks;
  }

  /** Set by the provider, which publishes the events. */
  transact?: NonNullable<Stores["transact"]>;
  publishPending?: NonNullable<Stores["publishPending"]>;

  /** Ends all held locks. */
  close(): void {
    this.#rowStores.close();
  }
}
