import { BeeHiveError } from "../base/errors.ts";
import type { Stores, TransactionWork } from "../contract/stores.ts";
import type { Event } from "../events/event.ts";
import type { EventType } from "../events/event-type.ts";
import {
  actOf,
  changedFields,
  versionAfter,
  writeIndexes,
  type Change,
  type EntityRow,
  type EntityRows,
  type Fields,
} from "./changes.ts";
import type { CheckedDefinition, EntityAct, EntityChange } from "./definition.ts";
import type { ListQuery, WriteOptions } from "./entity-service.ts";
import { noEntity, NotPermitted } from "./errors.ts";
import { changeGraph, type AnyEntry, type Rights } from "./graph.ts";
import { checkedId, entityRange, entityRow, idInEntityRow } from "./keys.ts";
import { listed } from "./listing.ts";

type Shown = Readonly<Record<string, unknown>>;

/** The declared parts of entities. */
export interface Declared {
  readonly name: string;
  /** The collection that holds them. */
  readonly collection: string;
  readonly definitions: ReadonlyMap<string, CheckedDefinition>;
  readonly eventTypes: ReadonlyMap<string, EventType<EntityChange<Shown>>>;
  /** See `EntitiesOptions`. */
  readonly read: (user: unknown, subject: { readonly type: string; readonly entity: Shown }) => object | undefined;
  readonly write: (user: unknown, change: object) => boolean;
  readonly nameOf: (user: unknown) => string | undefined;
}

/** The entities that calls returned because they created them. */
const created = new WeakSet<object>();

/** Returns whether a call returned this entity because it created it. */
export function isCreated(entity: object): boolean {
  return created.has(entity);
}

/** The user of calls; `undefined` for trusted code. */
type As = { readonly user: unknown } | undefined;

/** The entities among some stores: of a step, or of a provider. */
export class BoundEntities {
  readonly #declared: Declared;
  readonly #stores: Stores;
  readonly #as: As;

  constructor(declared: Declared, stores: Stores, as?: As) {
    this.#declared = declared;
    this.#stores = stores;
    this.#as = as;
  }

  /** Returns the calls of all types, see `EntityService`. */
  service(): object {
    const { definitions } = this.#declared;
    return {
      ...Object.fromEntries([...definitions.values()].map((one) => [one.type, this.#callsOf(one)])),
      createGraph: (entries: readonly AnyEntry[], options?: WriteOptions) => this.#change(entries, options),
      as: (user: unknown) => new BoundEntities(this.#declared, this.#stores, { user }).service(),
    };
  }

  #callsOf(definition: CheckedDefinition): object {
    const { type } = definition;
    const one = async (entry: Omit<AnyEntry, "type">, options?: WriteOptions): Promise<Shown | undefined> => {
      const [changed] = await this.#change([{ type, version: options?.version, ...entry }], options);
      return changed;
    };
    return {
      create: (create: unknown, options?: WriteOptions) => one({ create }, options),
      put: (id: string, put: unknown, options?: WriteOptions) => one({ id, put }, options),
      update: (id: string, update: unknown, options?: WriteOptions) => one({ id, update }, options),
      patch: (id: string, patch: unknown, options?: WriteOptions) => one({ id, patch }, options),
      delete: async (id: string, options?: WriteOptions) => void (await one({ id, delete: true }, options)),
      find: (id: string) => this.#find(definition, id),
      get: async (id: string) => {
        const found = await this.#find(definition, id);
        if (found) return found;
        throw noEntity(type, id);
      },
      list: async (query: ListQuery = {}) =>
        listed(definition, query, this.#rows, (row) => this.#shown(definition, row)),
      reindex: () => this.#reindex(definition),
    };
  }

  get #rows(): EntityRows {
    return this.#stores.collection<EntityRow>(this.#declared.collection);
  }

  async #find(definition: CheckedDefinition, id: string): Promise<Shown | undefined> {
    const row = await this.#rows.find(entityRow(definition.type, checkedId(id)));
    return row && this.#shown(definition, row);
  }

  /** Returns the entity of a row as the caller sees it; `undefined` for one that is deleted or hidden. */
  #shown({ type }: CheckedDefinition, { id, fields, version = 0 }: EntityRow): Shown | undefined {
    if (!fields) return undefined;
    const entity = { ...fields, id: id.slice(type.length + 1), version };
    if (!this.#as) return entity;
    const seen = this.#declared.read(this.#as.user, { type, entity });
    // As JSON has it: a field without a value is no field.
    return seen && (JSON.parse(JSON.stringify({ ...seen, id: entity.id, version })) as Shown);
  }

  async #reindex(definition: CheckedDefinition): Promise<number> {
    if (this.#as) throw new NotPermitted(definition.type, "*", "reindexed");
    let count = 0;
    for await (const { id } of this.#rows.range(entityRange(definition.type)))
      if (await this.#transact((items) => writeIndexes(definition, idInEntityRow(id), items))) count++;
    return count;
  }

  #transact<R>(work: TransactionWork<EntityRow, R>): Promise<R> {
    const { name, collection } = this.#declared;
    if (this.#stores.transact) return this.#stores.transact<EntityRow, R>(collection, work);
    throw new BeeHiveError(
      "InvalidConfiguration",
      `The provider cannot write the entities ${name} together with their events: it has no transact, see docs/providers.md.`,
    );
  }

  async #change(entries: readonly AnyEntry[], options: WriteOptions = {}): Promise<readonly (Shown | undefined)[]> {
    const { definitions } = this.#declared;
    const by = options.by ?? (this.#as && this.#declared.nameOf(this.#as.user)) ?? null;
    const changes = await this.#transact<readonly Change[]>(async (items, publish) => {
      const changed = await changeGraph(definitions, entries, items, this.#rights());
      for (const change of changed) if (actOf(change)) publish(this.#eventOf(change, by));
      return changed;
    });
    return changes.map((change) => {
      const shown = this.#shown(change.definition, rowOf(change));
      if (shown && actOf(change) === "created") created.add(shown);
      return shown;
    });
  }

  #rights(): Rights {
    const as = this.#as;
    if (!as) return { sees: () => true, permit() {} };
    return {
      sees: (definition, row) => this.#shown(definition, row) !== undefined,
      permit: (change) => {
        const { definition, id, row, before, after } = change;
        const act = actOf(change);
        const entity = (fields: Fields | undefined, version: number): Shown | undefined =>
          fields && { ...fields, id, version };
        const proposed = {
          type: definition.type,
          act,
          before: entity(before, row?.version ?? 0),
          after: entity(after, versionAfter(change)),
        };
        // A user who could not see the entity afterwards may not write it, either.
        const isSeen = !after || this.#shown(definition, rowOf(change)) !== undefined;
        if (act === undefined || (isSeen && this.#declared.write(as.user, proposed))) return;
        throw new NotPermitted(definition.type, id, act);
      },
    };
  }

  #eventOf(change: Change, by: string | null): Event {
    const { definition, id, after } = change;
    const type = this.#declared.eventTypes.get(definition.type) as EventType<EntityChange<Shown>>;
    const version = versionAfter(change);
    const entity = after ? { ...after, id, version } : null;
    const act = actOf(change) as EntityAct;
    return type.create({ id, version, act, entity, changed: changedFields(change), by }, { partitionKey: id });
  }
}

/** Returns the row of an entity after its change. */
function rowOf(change: Change): EntityRow {
  const { definition, id, after } = change;
  return { id: entityRow(definition.type, id), version: versionAfter(change), ...(after && { fields: after }) };
}
