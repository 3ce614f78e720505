import { BeeHiveError } from "../base/errors.ts";
import type { CollectionStore, Stores } from "../contract/stores.ts";
import { partsOfId, schemaId, type Compatibility, type SchemaRegistry, type SchemaVersion } from "./registry.ts";

/** The collection that holds the versions. */
const collection = "HiveSchemas";

/**
 * Returns the registry in the stores of a provider, which all processes share.
 *
 * @param compatibility The mode of all subjects. @default "backward"
 * @example
 * const registry = schemaCollection(provider.stores);
 */
export function schemaCollection(stores: Stores, compatibility: Compatibility = "backward"): SchemaRegistry {
  const items: CollectionStore<SchemaVersion> = stores.collection<SchemaVersion>(collection);
  const all = async (): Promise<readonly SchemaVersion[]> => {
    const found: SchemaVersion[] = [];
    for await (const { id, subject, version, format, schema } of items.all())
      found.push({ id, subject, version, format, schema });
    return found.toSorted((one, other) => one.version - other.version);
  };
  return {
    async subjects() {
      return [...new Set((await all()).map(({ subject }) => subject))].toSorted();
    },
    async versions(subject) {
      return (await all()).filter((one) => one.subject === subject);
    },
    async find(id) {
      if (!partsOfId(id)) return undefined;
      const item = await items.find(id);
      return item && { id, subject: item.subject, version: item.version, format: item.format, schema: item.schema };
    },
    compatibility: () => Promise.resolve(compatibility),
    async add({ subject, format, schema }, version) {
      const item: SchemaVersion = { id: schemaId(subject, version), subject, version, format, schema };
      if (await items.insertIfAbsent(item)) return item;
      throw new BeeHiveError("ConcurrencyConflict", `${item.id} is there already.`);
    },
  };
}
