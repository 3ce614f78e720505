import type { Newable } from "inversify";
import { identifierOf, metadataOf } from "./metadata.ts";
import { storeKinds, storeTokens, type StoreKind, type StoreToken } from "./tokens.ts";

/**
 * Returns the kinds of stores that classes have injected, at any depth.
 *
 * Returns all kinds when a dependency is bound in the application's container, where it cannot be seen.
 */
export function injectedStores(types: Iterable<object>): ReadonlySet<StoreKind> {
  const tokens = injectedTokens(types);
  return new Set(tokens ? tokens.map(({ kind }) => kind) : storeKinds);
}

/**
 * Returns the stores that classes have injected, at any depth.
 *
 * Returns `undefined` when a dependency is bound in the application's container, where it cannot be seen.
 */
export function injectedTokens(types: Iterable<object>): readonly StoreToken[] | undefined {
  const stores = new Map<unknown, StoreToken>([...storeTokens()].map((store) => [store.token, store]));
  const found = new Set<StoreToken>();
  const seen = new Set<unknown>();
  const waiting: unknown[] = [...types];
  while (waiting.length > 0) {
    const one = waiting.pop();
    if (seen.has(one)) continue;
    seen.add(one);
    const store = stores.get(one);
    const dependencies = typeof one === "function" ? dependenciesOf(one) : undefined;
    if (store) found.add(store);
    else if (dependencies) waiting.push(...dependencies);
    else return undefined;
  }
  return [...found];
}

/** Returns the dependencies of a class or its base class; `undefined` if only the container knows. */
function dependenciesOf(type: Function): readonly unknown[] | undefined {
  for (
    let one: unknown = type;
    typeof one === "function" && one !== Function.prototype;
    one = Object.getPrototypeOf(one)
  ) {
    const { constructorArguments, properties } = metadataOf(one as Newable);
    const dependencies = [...constructorArguments, ...properties.values()];
    if (dependencies.length > 0) return dependencies.map((dependency) => identifierOf(dependency?.value));
    if (one.length > 0) return undefined;
  }
  return [];
}
