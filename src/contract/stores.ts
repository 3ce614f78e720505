import type { Duration } from "../base/duration.ts";
import type { Received } from "../base/json-value.ts";
import type { Event } from "../events/event.ts";

/*
 * The state of actors: four stores and locks, the same on every provider.
 *
 * Names, ids and keys have 1 to 255 characters, well-formed Unicode, no control characters; others throw `InvalidKey`.
 * Ids sort by Unicode code point.
 *
 * A store that is injected into an actor belongs to the step. Where the provider is atomic, its writes join the commit
 * of the event, its reads see the step's own writes, and it throws `InvalidState` after the step. Stores from
 * `hive.store(token)` write at once.
 */

/** An item of a collection or keyed list: any object with an id. */
export interface Identified {
  readonly id: string;
  /** The version of the item. An item with an etag is written over that version only. */
  readonly etag?: string | undefined;
}

/** An item as a store returns it, with the etag of its version. */
export type Stored<T extends Identified> = Received<T> & { readonly id: string; readonly etag: string };

/** Bounds of ids: `from` is inclusive, `to` is exclusive. */
export interface IdRange {
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

/**
 * Items of one kind by id.
 *
 * `update`, `upsert` and `delete` of an item with an `etag` throw `ConcurrencyConflict` if another version is stored.
 * Items from the store have one, so read, change and update is safe by default. Without an etag the last writer wins.
 *
 * @example
 * const order = await orders.get("1042");
 * await orders.update({ ...order, status: "paid" }); // throws if the order changed since `get`
 */
export interface CollectionStore<T extends Identified> {
  /** Returns the item. @throws `NotFound`. */
  get(id: string): Promise<Stored<T>>;
  /** Returns the item, or `undefined` when there is none. */
  find(id: string): Promise<Stored<T> | undefined>;
  /** Inserts the item. @throws `AlreadyExists`. */
  insert(item: T): Promise<Stored<T>>;
  /** Inserts the item. Returns `undefined`, and changes nothing, if the collection has an item of that id. */
  insertIfAbsent(item: T): Promise<Stored<T> | undefined>;
  /** Replaces the item. @throws `NotFound`, `ConcurrencyConflict`. */
  update(item: T): Promise<Stored<T>>;
  /** Inserts or replaces the item. @throws `ConcurrencyConflict` if its etag is stale. */
  upsert(item: T): Promise<Stored<T>>;
  /** Deletes by id; or an item, if its version is the stored one. @throws `NotFound`, `ConcurrencyConflict`. */
  delete(item: string | Identified): Promise<void>;
  /** Returns whether the collection has an item of that id. */
  exists(id: string): Promise<boolean>;
  /** Yields items in id order, a page at a time. Items written meanwhile may or may not appear. */
  range(bounds?: IdRange): AsyncIterable<Stored<T>>;
  /** Yields every item, in id order. */
  all(): AsyncIterable<Stored<T>>;
}

/**
 * Lists of items, with the verbs of a {@link CollectionStore}.
 *
 * A name and a key address a list, an id addresses an item in it. Only `deleteList` touches more than the named items.
 *
 * @example
 * await waiting.insert("ByProduct", "lamp", { id: "order-1042" });
 * for await (const { id } of waiting.all("ByProduct", "lamp")) console.log(id);
 */
export interface KeyedListStore<T extends Identified> {
  /** Returns the item. @throws `NotFound`. */
  get(list: string, key: string, id: string): Promise<Stored<T>>;
  /** Returns the item, or `undefined` when there is none. */
  find(list: string, key: string, id: string): Promise<Stored<T> | undefined>;
  /** Inserts the item. @throws `AlreadyExists` if the list has an item of that id. */
  insert(list: string, key: string, item: T): Promise<Stored<T>>;
  /** Inserts the item. Returns `undefined`, and changes nothing, if the list has an item of that id. */
  insertIfAbsent(list: string, key: string, item: T): Promise<Stored<T> | undefined>;
  /** Replaces the item. @throws `NotFound`, `ConcurrencyConflict`. */
  update(list: string, key: string, item: T): Promise<Stored<T>>;
  /** Inserts or replaces the item. @throws `ConcurrencyConflict` if its etag is stale. */
  upsert(list: string, key: string, item: T): Promise<Stored<T>>;
  /** Deletes by id; or an item, if its version is the stored one. @throws `NotFound`, `ConcurrencyConflict`. */
  delete(list: string, key: string, item: string | Identified): Promise<void>;
  /** Returns whether the list has an item of that id. */
  exists(list: string, key: string, id: string): Promise<boolean>;
  /** Yields items of one list in id order, a page at a time. */
  range(list: string, key: string, bounds?: IdRange): AsyncIterable<Stored<T>>;
  /** Yields every item of one list, in id order; nothing for an unknown list. */
  all(list: string, key: string): AsyncIterable<Stored<T>>;
  /** Deletes every item of the list, if there are any. */
  deleteList(list: string, key: string): Promise<void>;
  /** Returns whether the list has an item; without a key, whether any list of that name has one. */
  listExists(list: string, key?: string): Promise<boolean>;
}

/** The floor of an increment, and its idempotency key. */
export interface IncrementOptions {
  /**
   * The minimum of the counter: a whole number. An increment below it throws `BelowMinimum` and changes nothing.
   *
   * @default no minimum
   */
  readonly min?: number | undefined;
  /**
   * An idempotency key. Later increments of this counter with it change nothing, and return or throw as the first did.
   *
   * Kept for 14 days, the longest that a queue keeps an event. Use `identityOf(event)`: a step may run twice.
   */
  readonly once?: string | undefined;
}

/**
 * Whole numbers by name and id, changed atomically. A new counter is 0.
 *
 * @example
 * await stock.increment("Shop", sku, -1, { min: 0, once: identityOf(event) });
 */
export interface CounterStore {
  /** Returns the value of the counter. */
  get(name: string, id: string): Promise<number>;
  /**
   * Adds `delta`, a safe integer, and returns the new value.
   *
   * Without `once`, a cloud may count twice if the answer of its service is lost.
   *
   * @throws `BelowMinimum` if the new value is below `min`; nothing changed.
   */
  increment(name: string, id: string, delta: number, options?: IncrementOptions): Promise<number>;
}

/** A blob without its bytes. */
export interface BlobProperties {
  readonly key: string;
  readonly etag: string;
  readonly lastModified: Date;
  readonly metadata: Readonly<Record<string, string>>;
  /** The size of the body, in bytes. */
  readonly size: number;
}

/** A blob with its body in memory. */
export interface StoredBlob extends BlobProperties {
  readonly body: Uint8Array;
}

/**
 * A body to write: text, bytes, or a stream of both, such as `createReadStream(file)`.
 *
 * Text is stored as UTF-8. Other values and parts throw `InvalidItem`, and the stored blob stays.
 */
export type BlobBody = string | Uint8Array | AsyncIterable<string | Uint8Array>;

/** The metadata of a blob, and the version that a write replaces. */
export interface WriteBlobOptions {
  readonly metadata?: Readonly<Record<string, string>> | undefined;
  /** Replaces that version only. @throws `ConcurrencyConflict`. */
  readonly etag?: string | undefined;
}

/**
 * Blobs by key: bytes with metadata.
 *
 * @example
 * await files.upsert("invoices/1042.pdf", pdf, { metadata: { orderId: "1042" } });
 * for await (const { key, size } of files.list("invoices/")) console.log(key, size);
 */
export interface KeyValueStore {
  /** Returns the blob with its body in memory. @throws `NotFound`. */
  get(key: string): Promise<StoredBlob>;
  /** Returns the blob, or `undefined` when there is none. */
  find(key: string): Promise<StoredBlob | undefined>;
  /** Returns the blob with its body as a stream, for large ones. @throws `NotFound`. */
  read(key: string): Promise<BlobProperties & { readonly body: AsyncIterable<Uint8Array> }>;
  /** Returns the blob without its body. @throws `NotFound`. */
  properties(key: string): Promise<BlobProperties>;
  /** Writes a new blob. @throws `AlreadyExists`. */
  insert(key: string, body: BlobBody, options?: Pick<WriteBlobOptions, "metadata">): Promise<BlobProperties>;
  /** Writes or replaces a blob. @throws `ConcurrencyConflict` if the given etag is stale. */
  upsert(key: string, body: BlobBody, options?: WriteBlobOptions): Promise<BlobProperties>;
  /** Deletes a blob. @throws `NotFound`, `ConcurrencyConflict` if the given etag is stale. */
  delete(key: string, options?: { readonly etag?: string | undefined }): Promise<void>;
  /** Returns whether there is a blob of that key. */
  exists(key: string): Promise<boolean>;
  /** Yields blobs in key order, a page at a time. `prefix` selects the keys that start with it. */
  list(prefix?: string): AsyncIterable<BlobProperties>;
}

/**
 * The life of a lock, and the wait for it.
 *
 * @example
 * await using lock = await locks.tryLock("nightly-report", { ttl: "1m", wait: "10s" });
 * if (lock) await report(lock.signal);
 */
export interface LockOptions {
  /**
   * The time that the lock outlives a dead holder. A living holder renews it.
   *
   * At least 100 ms. On Azure a blob lease: whole seconds, from 15 to 60.
   *
   * @default 30_000
   */
  readonly ttl?: Duration | undefined;
  /**
   * The maximum wait for the lock; `Infinity` waits without end.
   *
   * @default 0, one try
   */
  readonly wait?: Duration | undefined;
}

/** A lock, held until `release`, or until its holder died and its `ttl` passed. */
export interface HeldLock extends AsyncDisposable {
  readonly resource: string;
  /**
   * A number that grows with each holder of the resource. The protected system should refuse smaller numbers.
   *
   * It thereby refuses a holder that was paused past its `ttl` (Kleppmann, "How to do distributed locking").
   */
  readonly fencingToken: number;
  /** Aborts with `LockLost` when the lock could not be renewed in time. */
  readonly signal: AbortSignal;
  /** Releases the lock. Does nothing for a lost one. */
  release(): Promise<void>;
}

/** Locks across processes. A lock never joins a step: it is taken at once. */
export interface LockStore {
  /** Returns the lock; `undefined` if another holder kept it for all of `wait`. */
  tryLock(resource: string, options?: LockOptions): Promise<HeldLock | undefined>;
}

/** The stores of a provider or of one step. One name addresses one store. */
export interface Stores {
  collection<T extends Identified>(name: string): CollectionStore<T>;
  keyedList<T extends Identified>(name: string): KeyedListStore<T>;
  keyValue(name: string): KeyValueStore;
  readonly counters: CounterStore;
  readonly locks: LockStore;
  /**
   * Changes items of one collection, and publishes events with them: all of it or nothing.
   *
   * Among the stores of an atomic step the writes and the events join the step. Elsewhere they are committed when `work`
   * resolves, and `work` runs again when a row that it read has changed meanwhile. What `work` throws undoes all of it.
   *
   * Only where the provider can.
   *
   * @throws `TooLarge` when the provider takes fewer items in one transaction; `ConcurrencyConflict` when others were
   *   faster each time; `QueueNotFound` for an event without a destination, where writes and events are in one place.
   */
  readonly transact?: <T extends Identified, R>(collection: string, work: TransactionWork<T, R>) => Promise<R>;
  /**
   * Publishes the events of transactions whose process ended before it published them. Returns how many.
   *
   * Only where writes and events are in two places.
   */
  readonly publishPending?: (collection: string) => Promise<number>;
}

/** Reads and writes the items of a transaction. May run several times, and awaits all of its calls. */
export type TransactionWork<T extends Identified, R> = (
  items: CollectionStore<T>,
  publish: (event: Event) => void,
) => Promise<R>;
