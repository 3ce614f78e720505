import { BeeHiveError } from "../base/errors.ts";
import { checkedName } from "../contract/keys.ts";
import type {
  CollectionStore,
  CounterStore,
  Identified,
  KeyedListStore,
  KeyValueStore,
  LockStore,
  Stores,
} from "../contract/stores.ts";

/**
 * What inversify binds and injects for an interface: `@inject(token)`, `container.get(token)`. Carries the
 * type of what is injected, so that `@injects` checks the constructor against it.
 */
// oxlint-disable-next-line typescript/no-explicit-any -- the parameters of an abstract class that is never constructed
export type Token<T> = symbol & (abstract new (...never: any[]) => T);

const registry = Symbol.for("beehive-actors.storeTokens");

/** The kinds of stores that can be injected. */
export type StoreKind = "collection" | "keyed list" | "key-value" | "counters" | "locks";

/** Every kind of store. */
export const storeKinds: readonly StoreKind[] = ["collection", "keyed list", "key-value", "counters", "locks"];

/** A store that can be injected, and how it is found among the stores of a step. */
export interface StoreToken {
  readonly token: symbol;
  readonly kind: StoreKind;
  readonly find: (stores: Stores) => unknown;
}

/** Shared by all installed copies of this package, so that a token of one is known to the hive of another. */
const shared = globalThis as { [registry]?: Map<string, StoreToken> };
const known = (shared[registry] ??= new Map<string, StoreToken>());

/** Every store token made so far, in the order they were made. */
export function storeTokens(): Iterable<StoreToken> {
  return known.values();
}

/** How many there are: grows when a module that was loaded later makes more. */
export function storeTokenCount(): number {
  return known.size;
}

/**
 * The token of a collection: `const Orders = collectionStore<Order>("Orders")`, then `@injects(Orders)`. The
 * name is the name of the collection in the provider: a letter, then letters, digits or underscores.
 *
 * @throws BeeHiveError `InvalidKey` when the name is none.
 */
export function collectionStore<T extends Identified>(name: string): Token<CollectionStore<T>> {
  return tokenOf("collection", checkedName("the name of a store", name), (stores) => stores.collection<T>(name));
}

/** The token of keyed lists of one kind of item: `keyedListStore<ParkedItem>("ParkedItems")`. */
export function keyedListStore<T extends Identified>(name: string): Token<KeyedListStore<T>> {
  return tokenOf("keyed list", checkedName("the name of a store", name), (stores) => stores.keyedList<T>(name));
}

/** The token of a key-value store: `keyValueStore("Invoices")`. */
export function keyValueStore(name: string): Token<KeyValueStore> {
  return tokenOf("key-value", checkedName("the name of a store", name), (stores) => stores.keyValue(name));
}

/** The token of the counters. */
export const counterStore: Token<CounterStore> = tokenOf("counters", "", (stores) => stores.counters);

/** The token of the locks. */
export const lockStore: Token<LockStore> = tokenOf("locks", "", (stores) => stores.locks);

/** The store of a token among these stores. */
export function storeOf<T>(token: Token<T>, stores: Stores): T {
  for (const store of known.values()) if (store.token === token) return store.find(stores) as T;
  throw new BeeHiveError("InvalidConfiguration", `${String(token)} is not the token of a store.`);
}

function tokenOf<T>(kind: StoreKind, named: string, find: (stores: Stores) => T): Token<T> {
  const name = `${kind} ${named}`.trim();
  const before = known.get(name);
  const token = before?.token ?? Symbol(`beehive ${name}`);
  if (!before) known.set(name, { token, kind, find });
  return token as Token<T>;
}
