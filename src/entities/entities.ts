import type { Received } from "../base/json-value.ts";
import { bodyOf } from "../events/body-of.ts";
import { eventType, type EventType } from "../events/event-type.ts";
import { entitiesToken, type Token } from "../actors/injection/tokens.ts";
import { BoundEntities, type Declared } from "./bound-entities.ts";
import { checkedDefinitions, type Definitions, type Entity, type EntityChange } from "./definition.ts";
import type { EntityService } from "./entity-service.ts";
import type { EntitiesOptions } from "./options.ts";
import { permissionsOf } from "./permissions.ts";

type TypeIn<D> = keyof D & string;

/** The types of the events of entities, by their names. */
export type EntityEvents<D extends Definitions> = {
  readonly [K in TypeIn<D> as `${K}Changed`]: EventType<
    EntityChange<Entity<D[K]>>,
    Received<EntityChange<Entity<D[K]>>>,
    `${K}Changed`
  >;
};

/** Declared entities: the token of their store, and the types of their events. Returned by {@link entities}. */
export interface Entities<D extends Definitions = Definitions, User = unknown> {
  readonly name: string;
  /** The token of the entities, for `uses`, `@injects` and `hive.store`. */
  readonly token: Token<EntityService<D, User>>;
  readonly events: EntityEvents<D>;
  /** The types of all events, for `publishes`. */
  readonly published: readonly Pick<EventType<unknown>, "name" | "queueName">[];
  /** Returns an entity as a user sees it; `undefined` for one that the user may not see. */
  shown<K extends TypeIn<D>>(user: User, type: K, entity: Entity<D[K]>): Partial<Entity<D[K]>> | undefined;
}

/**
 * Declares entities that a hive stores. Each change publishes a copy, in one step with the write.
 *
 * @param name The name in the provider: a letter, then letters, digits or underscores.
 * @param given The schemas of the types by their names, or what `entity` returns.
 * @throws BeeHiveError `InvalidConfiguration` with every problem, `InvalidKey` for a wrong name.
 * @example
 * export const Staff = entities("Staff", {
 *   Company: z.object({ name: z.string() }),
 *   Member: entity(z.object({ company: z.string(), name: z.string() }), { references: { company: "Company" } }),
 * });
 * const staff = hive.store(Staff.token);
 * await staff.Company.create({ id: "acme", name: "Acme" }, { by: "ada" });
 */
export function entities<const D extends Definitions, User = unknown>(
  name: string,
  given: D,
  options: EntitiesOptions<D, User> = {},
): Entities<D, User> {
  const definitions = checkedDefinitions(name, given);
  const eventTypes = new Map(
    [...definitions.values()].map(({ type, keep }) => {
      const body = bodyOf<EntityChange<Readonly<Record<string, unknown>>>>();
      return [type, eventType(`${type}Changed`, body, { keep, entry: true })] as const;
    }),
  );
  const collection = `Entities_${name}`;
  const declared = {
    name,
    collection,
    definitions,
    eventTypes,
    ...permissionsOf(name, options),
    nameOf: options.nameOf ?? usualName,
  } as unknown as Declared;
  const token = entitiesToken(
    collection,
    (stores) => new BoundEntities(declared, stores).service() as EntityService<D, User>,
  );
  const events = Object.fromEntries([...eventTypes.values()].map((type) => [type.name, type]));
  return {
    name,
    token,
    events: events as object as EntityEvents<D>,
    published: [...eventTypes.values()],
    shown: (user, type, entity) => declared.read(user, { type, entity }),
  };
}

/** Returns the name of a user that is an object with one. */
function usualName(user: unknown): string | undefined {
  const { name, id } = Object(user) as { readonly name?: unknown; readonly id?: unknown };
  return [name, id].find((one): one is string => typeof one === "string");
}
