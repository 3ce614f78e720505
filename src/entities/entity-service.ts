import type { Definitions, Entity, EntityInput, EntityPatch } from "./definition.ts";
import type { IndexValue } from "./keys.ts";

/** The version that a write replaces, and the one who writes. */
export interface WriteOptions {
  /** Writes over this version only. @throws BeeHiveError `ConcurrencyConflict`. @default Any. */
  readonly version?: number | undefined;
  /** The name for the event of the change. @default The name of the user of `as(user)`; else nobody. */
  readonly by?: string | undefined;
}

/** A part of a list: entities by id, or by the value of an index. */
export interface ListQuery<Field extends string = string> {
  /** The index by which entities are listed, in order of its values. @default the ids */
  readonly by?: Field | undefined;
  /** The only value of the index. */
  readonly equals?: IndexValue | undefined;
  /** The first value or id, inclusive. */
  readonly from?: IndexValue | undefined;
  /** The last value or id, exclusive. */
  readonly to?: IndexValue | undefined;
  /** The most entities, up to 1,000. @default 100 */
  readonly limit?: number | undefined;
  /** The `next` of the page before. */
  readonly cursor?: string | undefined;
}

/** A page of a list. */
export interface EntityPage<E> {
  readonly items: readonly E[];
  /** The cursor of the next page; left out on the last one. */
  readonly next?: string;
}

/** The entities of one type. */
export interface EntityCalls<D> {
  /** Stores a new entity. @throws BeeHiveError `AlreadyExists`, `InvalidItem`, `AccessDenied`. */
  create(entity: EntityInput<D>, options?: WriteOptions): Promise<Entity<D>>;
  /**
   * Stores an entity, whether there is one or not. Changes nothing, and publishes nothing, if it is stored already.
   *
   * @throws BeeHiveError as `create` and `update` do.
   */
  put(id: string, entity: EntityInput<D>, options?: WriteOptions): Promise<Entity<D>>;
  /** Replaces an entity. @throws BeeHiveError `NotFound`, `ConcurrencyConflict`, `InvalidItem`, `AccessDenied`. */
  update(id: string, entity: EntityInput<D>, options?: WriteOptions): Promise<Entity<D>>;
  /** Changes an entity by JSON merge patch. Concurrent patches are applied one after the other. @throws as `update`. */
  patch(id: string, patch: EntityPatch<D>, options?: WriteOptions): Promise<Entity<D>>;
  /** Deletes an entity. @throws BeeHiveError also `InvalidState` while another entity refers to it. */
  delete(id: string, options?: WriteOptions): Promise<void>;
  /** Returns an entity. @throws BeeHiveError `NotFound`. */
  get(id: string): Promise<Entity<D>>;
  /** Returns an entity, or `undefined` when there is none. */
  find(id: string): Promise<Entity<D> | undefined>;
  /**
   * Returns a page of entities. Those written meanwhile may or may not appear.
   *
   * @throws BeeHiveError `InvalidKey` for an unknown index, a wrong limit or cursor.
   */
  list(query?: ListQuery<keyof Entity<D> & string>): Promise<EntityPage<Entity<D>>>;
  /**
   * Writes the entries of all indexes and references, for those that were declared after entities were stored.
   *
   * One transaction an entity, so that others may write meanwhile. Safe to repeat; publishes nothing. Returns the number
   * of entities.
   *
   * @throws BeeHiveError `AccessDenied` for the calls of `as(user)`.
   * @example
   * console.log(await hive.store(Staff.token).Member.reindex());
   */
  reindex(): Promise<number>;
}

interface EntryOf<Type extends string> extends Pick<WriteOptions, "version"> {
  readonly type: Type;
  /** The id of the entity; left out for a new one, it is a random UUID. */
  readonly id?: string | undefined;
  /** A name by which references of the graph mean the entity: `#acme`. */
  readonly as?: string | undefined;
}

/** A change of a graph: an entity to create, put, update, patch or delete. */
export type GraphEntry<D extends Definitions> = {
  [K in keyof D & string]: EntryOf<K> &
    (
      | { readonly create: EntityInput<D[K]> }
      | { readonly put: EntityInput<D[K]> }
      | { readonly update: EntityInput<D[K]> }
      | { readonly patch: EntityPatch<D[K]> }
      | { readonly delete: true }
    );
}[keyof D & string];

/** The entity of each entry of a graph, as it is stored; `undefined` for a deleted one. */
export type GraphResult<D extends Definitions, Entries extends readonly GraphEntry<D>[]> = {
  -readonly [I in keyof Entries]: Entries[I] extends { readonly delete: true }
    ? undefined
    : Entries[I] extends { readonly type: infer K extends keyof D }
      ? Entity<D[K]>
      : never;
};

/** Entities by their types, and the acts on several of them. */
export type EntityService<D extends Definitions, User = unknown> = {
  readonly [K in keyof D & string]: EntityCalls<D[K]>;
} & {
  /**
   * Creates and changes related entities: all of them with all their events, or none.
   *
   * References may lead to entities of the same graph, also backwards.
   *
   * @throws BeeHiveError as the calls of each entry do; `TooLarge` above the limit of a cloud, which it names.
   * @example
   * const [acme, ada] = await staff.createGraph([
   *   { type: "Company", as: "acme", create: { name: "Acme" } },
   *   { type: "Member", create: { name: "Ada", company: "#acme" } },
   * ]);
   */
  readonly createGraph: <const Entries extends readonly GraphEntry<D>[]>(
    entries: Entries,
    options?: Pick<WriteOptions, "by">,
  ) => Promise<GraphResult<D, Entries>>;
  /** Returns the same entities with the permissions of a user. */
  readonly as: (user: User) => EntityService<D, User>;
};
