import { isBeeHiveError } from "../../base/errors.ts";
import type { Stores } from "../../contract/stores.ts";
import type { StoreAddress } from "./instrumented-stores.ts";

/** The content of the stores: each value by its path, as JSON. */
export type Snapshot = ReadonlyMap<string, string>;

/** Remembers what parts of the stores were used. */
export class Touched {
  readonly #addresses = new Map<string, StoreAddress>();

  add(address: StoreAddress): void {
    const { kind, name } = address;
    const rest = "list" in address ? `\n${address.list}\n${address.key}` : "id" in address ? `\n${address.id}` : "";
    this.#addresses.set(`${kind}\n${name}${rest}`, address);
  }

  /** Returns all that is stored there. */
  async read(stores: Stores): Promise<Snapshot> {
    const snapshot = new Map<string, string>();
    for (const [, address] of [...this.#addresses].sort(([one], [other]) => (one < other ? -1 : 1)))
      try {
        await readInto(snapshot, stores, address);
      } catch (error) {
        // An actor asked for it by a name that no store takes, and was refused as well.
        if (!isBeeHiveError(error, "InvalidKey")) throw error;
      }
    return snapshot;
  }
}

async function readInto(snapshot: Map<string, string>, stores: Stores, address: StoreAddress): Promise<void> {
  switch (address.kind) {
    case "collection":
      for await (const { etag: _, ...item } of stores.collection(address.name).all())
        flatten(snapshot, `${address.name}/${item.id}`, item);
      return;
    case "keyedList": {
      const { name, list, key } = address;
      for await (const { etag: _, ...item } of stores.keyedList(name).all(list, key))
        flatten(snapshot, `${name}/${list}/${key}/${item.id}`, item);
      return;
    }
    case "keyValue":
      for await (const { key } of stores.keyValue(address.name).list()) {
        const { body, metadata } = await stores.keyValue(address.name).get(key);
        flatten(snapshot, `${address.name}/${key}`, { body: Buffer.from(body).toString("base64"), ...metadata });
      }
      return;
    case "counter":
      snapshot.set(
        `counters/${address.name}/${address.id}`,
        String(await stores.counters.get(address.name, address.id)),
      );
  }
}

/** Adds each leaf of a value under its path. */
function flatten(snapshot: Map<string, string>, path: string, value: unknown): void {
  if (typeof value !== "object" || value === null) {
    snapshot.set(path, JSON.stringify(value) ?? "undefined");
    return;
  }
  const entries = Object.entries(value);
  if (entries.length === 0) snapshot.set(path, Array.isArray(value) ? "[]" : "{}");
  for (const [name, part] of entries) flatten(snapshot, `${path}.${name}`, part);
}

/** A path whose value differs between two runs. */
export interface Difference {
  readonly path: string;
  readonly calm: string | undefined;
  readonly actual: string | undefined;
}

/** Returns the paths whose values differ, in order. A counter that was never touched is 0. */
export function differences(calm: Snapshot, actual: Snapshot): readonly Difference[] {
  const valueIn = (snapshot: Snapshot, path: string): string | undefined =>
    snapshot.get(path) ?? (path.startsWith("counters/") ? "0" : undefined);
  return [...new Set([...calm.keys(), ...actual.keys()])]
    .map((path) => ({ path, calm: valueIn(calm, path), actual: valueIn(actual, path) }))
    .filter((one) => one.calm !== one.actual)
    .sort((one, other) => (one.path < other.path ? -1 : 1));
}

/**
 * Returns whether a path is one of those to ignore.
 *
 * Each is the name of a property, `shippedAt`; or the start of a path, `Shipments/` or `counters/Stock`.
 */
export function isIgnored(path: string, ignore: readonly string[]): boolean {
  return ignore.some((one) => path.startsWith(one) || path.includes(`.${one}.`) || path.endsWith(`.${one}`));
}
