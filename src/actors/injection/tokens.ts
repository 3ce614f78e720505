import { BeeHiveError } from "../../base/errors.ts";
import { checkedName } from "../../contract/keys.ts";
import type {
  CollectionStore,
  CounterStore,
  Identified,
  KeyedListStore,
  KeyValueStore,
  LockStore,
  Stores,
} from "../../contract/stores.ts";

/**
 * Stands for an interface where inversify binds and injects: `container.bind(token)`, `@injects(token)`.
 *
 * Carries the type of the dependency, so that `@injects` checks the constructor against it.
 */
// oxlint-disable-next-line typescript/no-explicit-any -- the parameters of an abstract class that is never constructed
export type Token<T> = symbol & (abstract new (...never: any[]) => T);

const registry = Symbol.for("beehive-actors.storeTokens");

/** The kinds of stores that can be injected. */
export type StoreKind = "collection" | "keyed list" | "key-value" | "counters" | "locks" | "entities";

/** Every kind of store. */
export const storeKinds: readonly StoreKind[] = [
  "collection",
  "keyed list",
  "key-value",
  "counters",
  "locks",
  "entities",
];

/** A store that can be injected. */
export interface StoreToken {
  readonly token: symbol;
  readonly kind: StoreKind;
  /** The name of the store; empty for counters and locks. */
  readonly name: string;
  /** Finds it among the stores of a step. */
  readonly find: (stores: Stores) => unknown;
}

/** Shared by all installed copies. So the hive of one copy knows the tokens of another. */
const shared = globalThis as { [registry]?: Map<string, StoreToken> };
const known = (shared[registry] ??= new Map<string, StoreToken>());

/** Returns every store token made so far, in order. */
export function storeTokens(): Iterable<StoreToken> {
  return known.values();
}

/** Returns the number of store tokens; grows when modules load later. */
export function storeTokenCount(): number {
  return known.size;
}

/**
 * Returns the token of a collection.
 *
 * @param name The collection in the provider: a letter, then letters, digits or underscores.
 * @throws BeeHiveError `InvalidKey` for any other name.
 * @example
 * const Orders = collectionStore<Order>("Orders");
 * @injects(Orders)
 */
export function collectionStore<T extends Identified>(name: string): Token<CollectionStore<T>> {
  return tokenOf("collection", checkedName("the name of a store", name), (stores) => stores.collection<T>(name));
}

/**
 * Returns the token of keyed lists of one kind of item.
 *
 * @example
 * const ParkedItems = keyedListStore<ParkedItem>("ParkedItems");
 */
export function keyedListStore<T extends Identified>(name: string): Token<KeyedListStore<T>> {
  return tokenOf("keyed list", checkedName("the name of a store", name), (stores) => stores.keyedList<T>(name));
}

/**
 * Returns the token of a key-value store.
 *
 * @example
 * const Invoices = keyValueStore("Invoices");
 */
export function keyValueStore(name: string): Token<KeyValueStore> {
  return tokenOf("key-value", checkedName("the name of a store", name), (stores) => stores.keyValue(name));
}

/** The token of the counters: `@injects(counterStore)`. */
export const counterStore: Token<CounterStore> = tokenOf("counters", "", (stores) => stores.counters);

/** The token of the locks: `@injects(lockStore)`. */
export const lockStore: Token<LockStore> = tokenOf("locks", "", (stores) => stores.locks);

/**
 * Returns the store of a token, for a container of your own.
 *
 * @example
 * const orders = storeOf(Orders, stores);
 */
export function storeOf<T>(token: Token<T>, stores: Stores): T {
  return storeTokenOf(token).find(stores) as T;
}

/** Returns what a token stands for. @throws BeeHiveError `InvalidConfiguration` when it is of no store. */
export function storeTokenOf(token: unknown): StoreToken {
  for (const store of known.values()) if (store.token === token) return store;
  throw new BeeHiveError("InvalidConfiguration", `${String(token)} is not the token of a store.`);
}

/** Returns the token of declared entities. Each declaration has its own, also under one name. */
export function entitiesToken<T>(name: string, find: (stores: Stores) => T): Token<T> {
  const token = Symbol(`beehive entities ${name}`);
  known.set(`entities ${name} ${known.size}`, { token, kind: "entities", name, find });
  return token as Token<T>;
}

function tokenOf<T>(kind: StoreKind, named: string, find: (stores: Stores) => T): Token<T> {
  const name = `${kind} ${named}`.trim();
  const before = known.get(name);
  const token = before?.token ?? Symbol(`beehive ${name}`);
  if (!before) known.set(name, { token, kind, name: named, find });
  return token as Token<T>;
}
