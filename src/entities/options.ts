import type { Definitions, Entity, EntityAct } from "./definition.ts";

type TypeIn<D> = keyof D & string;

/** An entity with its type. */
export type Subject<D extends Definitions> = {
  [K in TypeIn<D>]: { readonly type: K; readonly entity: Entity<D[K]> };
}[TypeIn<D>];

/** A change that a user asks for. */
export type ProposedChange<D extends Definitions> = {
  [K in TypeIn<D>]: {
    readonly type: K;
    readonly act: EntityAct;
    /** The stored entity; `undefined` for a new one. */
    readonly before: Entity<D[K]> | undefined;
    /** The entity as it would be; `undefined` for a deletion. */
    readonly after: Entity<D[K]> | undefined;
  };
}[TypeIn<D>];

/**
 * The permissions of {@link entities}. They hold for calls of `as(user)` and over HTTP, not for trusted code.
 *
 * @example
 * {
 *   read: (user: User, { type, entity }) => (type === "Member" && !user.isHr ? { ...entity, salary: undefined } : entity),
 *   write: (user: User) => user.isHr,
 * }
 */
export interface EntitiesOptions<D extends Definitions, User> {
  /**
   * Returns an entity as the user sees it: whole, in part, or `undefined` for one that the user may not see.
   *
   * Must be synchronous: a promise is an error `InvalidConfiguration`, and shows nothing.
   *
   * @default the whole entity
   */
  readonly read?: ((user: User, subject: Subject<D>) => object | undefined) | undefined;
  /**
   * Returns whether the user may make a change. Only `true` allows it.
   *
   * Must be synchronous: a promise is an error `InvalidConfiguration`, and changes nothing.
   *
   * @default true
   */
  readonly write?: ((user: User, change: ProposedChange<D>) => boolean) | undefined;
  /** Returns the name of a user, for the events. @default the `name` of the user, or the `id` */
  readonly nameOf?: ((user: User) => string) | undefined;
}
