import { isDeepStrictEqual } from "node:util";
import type { CollectionStore, Stored } from "../contract/stores.ts";
import type { CheckedDefinition, EntityAct } from "./definition.ts";
import { entityRow, indexRow, isIndexed, referenceRow } from "./keys.ts";

/** The fields of an entity without its id and version. */
export type Fields = Readonly<Record<string, unknown>>;

/** A row of the collection of entities: of an entity, an entry of an index, or a mark of references. */
export interface EntityRow {
  /** The id of the row, see `keys.ts`. */
  readonly id: string;
  readonly etag?: string;
  readonly version?: number;
  /** Left out after the entity was deleted. */
  readonly fields?: Fields;
}

/** The rows of a transaction. */
export type EntityRows = CollectionStore<EntityRow>;

/** An entity that a transaction changes. */
export interface Change {
  readonly definition: CheckedDefinition;
  readonly id: string;
  /** The stored row, also of a deleted entity. */
  readonly row: Stored<EntityRow> | undefined;
  readonly before: Fields | undefined;
  readonly after: Fields | undefined;
}

/** Returns the act of a change; `undefined` if it changes nothing. */
export function actOf({ before, after }: Pick<Change, "before" | "after">): EntityAct | undefined {
  if (!before) return after && "created";
  if (!after) return "deleted";
  return isDeepStrictEqual(before, after) ? undefined : "updated";
}

/** Returns the version of an entity after its change. */
export function versionAfter(change: Change): number {
  const { version = 0 } = change.row ?? {};
  return actOf(change) ? version + 1 : version;
}

/** Returns the names of the fields that a change changes. */
export function changedFields({ before = {}, after = {} }: Pick<Change, "before" | "after">): string[] {
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...names].filter((name) => !isDeepStrictEqual(before[name], after[name]));
}

/** Writes an entity that changed: its row, its indexes and the marks of its references. */
export async function write(change: Change, items: EntityRows): Promise<void> {
  const { definition, id, row, before, after } = change;
  const { type, references, referrers } = definition;
  const key = entityRow(type, id);
  const content = { id: key, version: versionAfter(change), ...(after && { fields: after }) };
  if (row) await items.update({ ...content, etag: row.etag });
  else await items.insert(content);
  const [old, now] = [entriesOf(definition, id, before), entriesOf(definition, id, after)];
  for (const entry of now) if (!old.has(entry)) await items.upsert({ id: entry });
  for (const entry of old) if (!now.has(entry)) await erase(entry, items);
  for (const [field, to] of references) {
    const target = after?.[field];
    // A blind write, so that those who refer to one entity at the same time do not collide.
    if (typeof target === "string" && target !== before?.[field]) await items.upsert({ id: referenceRow(to, target) });
  }
  if (referrers.length === 0) return;
  const mark = referenceRow(type, id);
  if (!before) await items.upsert({ id: mark });
  // Read before, so that a new reference that is committed first is a conflict.
  else if (!after) await ((await items.exists(mark)) ? items.delete(mark) : items.insert({ id: mark }));
}

/** Writes all entries of the indexes of a stored entity, whether they are there or not. Returns false for a deleted one. */
export async function writeIndexes(definition: CheckedDefinition, id: string, items: EntityRows): Promise<boolean> {
  // Read in the transaction, so that a change that is committed first is a conflict.
  const row = await items.find(entityRow(definition.type, id));
  if (!row?.fields) return false;
  for (const entry of entriesOf(definition, id, row.fields)) await items.upsert({ id: entry });
  return true;
}

/** Deletes a row without a look at it: an index may have been declared later. */
async function erase(id: string, items: EntityRows): Promise<void> {
  await items.upsert({ id });
  await items.delete(id);
}

function entriesOf({ type, indexes }: CheckedDefinition, id: string, fields: Fields = {}): ReadonlySet<string> {
  return new Set(
    indexes.flatMap((field) => {
      const value = fields[field];
      return isIndexed(value) ? [indexRow(type, field, value, id)] : [];
    }),
  );
}
