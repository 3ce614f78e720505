import type { Received } from "../base/json-value.ts";
/*
 * The state of actors. Four stores and a lock, the same on every provider.
 *
 * Names, ids and keys are checked at the edge (`InvalidKey`): not empty, at most 255 characters, well-formed
 * Unicode, no control characters. Ids sort by Unicode code point.
 *
 * A store that is injected into an actor belongs to the step: where the provider is atomic, its writes join
 * the commit of the event, reads see the step's own writes, and a store used after its step is over throws
 * `InvalidState`. Stores taken from `hive.stores` write at once.
 */

/** What every item of a collection or keyed list has. */
export interface Identified {
  readonly id: string;
  /** Names one version of the item. An item that carries one is only written over that version. */
  readonly etag?: string | undefined;
}

/** An item as a store returns it: with the etag of the version that was read. */
export type Stored<T extends Identified> = Received<T> & { readonly id: string; readonly etag: string };

/** Bounds of ids: from `from`, inclusive, up to `to`, exclusive. */
export interface IdRange {
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

/**
 * Items of one kind by id.
 *
 * Concurrency: `update`, `upsert` and `delete` of an item that carries an `etag` are refused with
 * `ConcurrencyConflict` when the stored version is another. Items read from the store carry one, so a read,
 * a change and an update are safe by default. Without an etag the last writer wins.
 *
 * @example
 * const order = await orders.get("1042");
 * await orders.update({ ...order, status: "paid" }); // refused if the order changed since `get`
 */
export interface CollectionStore<T extends Identified> {
  /** Returns the item. @throws `NotFound`. */
  get(id: string): Promise<Stored<T>>;
  /** Returns the item, or `undefined` when there is none. */
  find(id: string): Promise<Stored<T> | undefined>;
  /** @throws `AlreadyExists`. */
  insert(item: T): Promise<Stored<T>>;
  /** Inserts the item. Returns `undefined`, and changes nothing, when one of its id is there. */
  insertIfAbsent(item: T): Promise<Stored<T> | undefined>;
  /** Replaces the item. @throws `NotFound`, `ConcurrencyConflict`. */
  update(item: T): Promise<Stored<T>>;
  /** Inserts or replaces the item. @throws `ConcurrencyConflict` when the item carries an etag that is stale. */
  upsert(item: T): Promise<Stored<T>>;
  /** Deletes by id, or an item read before if it is unchanged. @throws `NotFound`, `ConcurrencyConflict`. */
  delete(item: string | Identified): Promise<void>;
  exists(id: string): Promise<boolean>;
  /** Yields items in id order, a page at a time. Not a snapshot: items written meanwhile may or may not be seen. */
  range(bounds?: IdRange): AsyncIterable<Stored<T>>;
  /** Yields every item, in id order. */
  all(): AsyncIterable<Stored<T>>;
}

/**
 * Lists of items, with the verbs of a {@link CollectionStore}: a list is found by its name and a key, an item in it by
 * id. No call but `deleteList` touches more than the items that it names.
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
  /** @throws `AlreadyExists` when the list has an item of that id. */
  insert(list: string, key: string, item: T): Promise<Stored<T>>;
  /** Inserts the item. Returns `undefined`, and changes nothing, when the list has one of its id. */
  insertIfAbsent(list: string, key: string, item: T): Promise<Stored<T> | undefined>;
  /** Replaces the item. @throws `NotFound`, `ConcurrencyConflict`. */
  update(list: string, key: string, item: T): Promise<Stored<T>>;
  /** Inserts or replaces the item. @throws `ConcurrencyConflict` when the item carries an etag that is stale. */
  upsert(list: string, key: string, item: T): Promise<Stored<T>>;
  /** Deletes by id, or an item read before if it is unchanged. @throws `NotFound`, `ConcurrencyConflict`. */
  delete(list: string, key: string, item: string | Identified): Promise<void>;
  exists(list: string, key: string, id: string): Promise<boolean>;
  /** Yields items of one list in id order, a page at a time. */
  range(list: string, key: string, bounds?: IdRange): AsyncIterable<Stored<T>>;
  /** Yields every item of one list, in id order; nothing when there is no such list. */
  all(list: string, key: string): AsyncIterable<Stored<T>>;
  /** Deletes every item of that list; does nothing when there is none. */
  deleteList(list: string, key: string): Promise<void>;
  /** Whether the list of that key has an item; without a key, whether any list of that name has. */
  listExists(list: string, key?: string): Promise<boolean>;
}

/** How an increment behaves at its floor and when it is repeated. */
export interface IncrementOptions {
  /**
   * The counter never goes below: an increment that would is refused with `BelowMinimum` and changes nothing. A whole
   * number; `NaN`, as of a variable that is not set, and texts are refused with `InvalidKey`.
   */
  readonly min?: number | undefined;
  /**
   * An idempotency key, for this counter: this name and id. The first increment with it decides; a later one with the same key changes nothing
   * and answers, or refuses, as the first did. Remembered for 14 days, the longest that a queue keeps an
   * event. What makes a counter right under at-least-once delivery, where a step may run twice.
   */
  readonly once?: string | undefined;
}

/** Whole numbers by name and id, changed atomically. A counter that was never changed is 0. */
export interface CounterStore {
  get(name: string, id: string): Promise<number>;
  /**
   * Adds `delta`, a safe integer, and returns the new value. On a cloud, without `once`, it may count twice when the answer
   * of the service is lost.
   *
   * @throws `BelowMinimum` when `min` refuses; nothing changed.
   */
  increment(name: string, id: string, delta: number, options?: IncrementOptions): Promise<number>;
}

/** What is said of a blob besides its bytes. */
export interface BlobProperties {
  readonly key: string;
  readonly etag: string;
  readonly lastModified: Date;
  readonly metadata: Readonly<Record<string, string>>;
  /** In bytes. */
  readonly size: number;
}

/** A blob as it was read. */
export interface StoredBlob extends BlobProperties {
  readonly body: Uint8Array;
}

/**
 * What a blob may be written from: text, bytes, or a stream of both, such as `createReadStream(file)`. Text is stored as
 * UTF-8. Another value, or a part that is another, is refused with `InvalidItem`, and the blob stays as it was.
 */
export type BlobBody = string | Uint8Array | AsyncIterable<string | Uint8Array>;

export interface WriteBlobOptions {
  readonly metadata?: Readonly<Record<string, string>> | undefined;
  /** Write only over that version. @throws `ConcurrencyConflict`. */
  readonly etag?: string | undefined;
}

/** Bytes with metadata by key. */
export interface KeyValueStore {
  /** Returns the blob, its body in memory. @throws `NotFound`. */
  get(key: string): Promise<StoredBlob>;
  /** Returns the blob, or `undefined` when there is none. */
  find(key: string): Promise<StoredBlob | undefined>;
  /** The body as a stream, for what is too large to hold. @throws `NotFound`. */
  read(key: string): Promise<BlobProperties & { readonly body: AsyncIterable<Uint8Array> }>;
  /** The metadata without the body. @throws `NotFound`. */
  properties(key: string): Promise<BlobProperties>;
  /** @throws `AlreadyExists`. */
  insert(key: string, body: BlobBody, options?: Pick<WriteBlobOptions, "metadata">): Promise<BlobProperties>;
  upsert(key: string, body: BlobBody, options?: WriteBlobOptions): Promise<BlobProperties>;
  /** @throws `NotFound`, `ConcurrencyConflict` when an etag is given and stale. */
  delete(key: string, options?: { readonly etag?: string | undefined }): Promise<void>;
  exists(key: string): Promise<boolean>;
  /** What starts with `prefix`, everything without one, in key order, a page at a time. */
  list(prefix?: string): AsyncIterable<BlobProperties>;
}

export interface LockOptions {
  /**
   * How long the lock outlives its holder, in ms; it is renewed while held. 30,000 unless given; less than 100 is
   * 100. On Azure it is a blob lease: whole seconds, from 15 to 60.
   */
  readonly ttl?: number | undefined;
  /**
   * How long to wait for it, in ms; `Infinity` waits until it is had.
   *
   * @default 0, one try
   */
  readonly wait?: number | undefined;
}

/** A lock that is held, until `release` or until its holder died and its time passed. */
export interface HeldLock extends AsyncDisposable {
  readonly resource: string;
  /**
   * Grows with each holder of the resource. Hand it to what the lock protects, which refuses a smaller
   * one: a holder that was paused past its time is then told apart (Kleppmann, "How to do distributed
   * locking").
   */
  readonly fencingToken: number;
  /** Aborts, with a `LockLost` as reason, when the lock could not be renewed in time. */
  readonly signal: AbortSignal;
  /** Gives the lock up; a lock that was lost is given up already. */
  release(): Promise<void>;
}

/** Locks across processes. They never join a step: a lock is taken at once. */
export interface LockStore {
  /** The lock, or `undefined` when somebody else held it for all of `wait`. */
  tryLock(resource: string, options?: LockOptions): Promise<HeldLock | undefined>;
}

/** The stores of a provider, or of one step. The same name is the same store. */
export interface Stores {
  collection<T extends Identified>(name: string): CollectionStore<T>;
  keyedList<T extends Identified>(name: string): KeyedListStore<T>;
  keyValue(name: string): KeyValueStore;
  readonly counters: CounterStore;
  readonly locks: LockStore;
}
