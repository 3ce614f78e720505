import type { Definitions } from "../../../entities/definition.ts";
import type { Entities, EntityEvents } from "../../../entities/entities.ts";
import type { ChangeOf } from "./change.ts";

type EventsOf<D extends Definitions> = EntityEvents<D>[keyof EntityEvents<D>];

/** The options of `live` for entities. Returned by {@link changesOf}. */
export interface EntityChanges<D extends Definitions, User> {
  readonly topics: readonly EventsOf<D>[];
  readonly may: (user: User, change: ChangeOf<EventsOf<D>>) => boolean;
  readonly mask: (user: User, change: ChangeOf<EventsOf<D>>) => unknown;
}

interface AnyChange {
  readonly type: string;
  readonly body: { readonly entity: object | null; readonly changed: readonly string[] };
}

/**
 * Returns the options by which `live` shows the changes of entities, as `read` of the entities lets a user see them.
 *
 * Of a deleted entity every user gets the id, and none of its fields.
 *
 * @example
 * const push = live(hive, { ...changesOf(Staff), user: sessionOf });
 */
export function changesOf<D extends Definitions, User>(entities: Entities<D, User>): EntityChanges<D, User> {
  const shown = (user: User, { type, body }: AnyChange): object | null | undefined =>
    body.entity && entities.shown(user, type.replace(/Changed$/, "") as never, body.entity as never);
  return {
    topics: Object.values(entities.events),
    may: (user, change) => shown(user, change as object as AnyChange) !== undefined,
    mask: (user, given) => {
      const change = given as object as AnyChange;
      const entity = shown(user, change) ?? null;
      const seen = new Set(
        Object.entries(entity ?? {}).flatMap(([name, value]) => (value === undefined ? [] : [name])),
      );
      return { ...change.body, entity, changed: change.body.changed.filter((name) => seen.has(name)) };
    },
  };
}
