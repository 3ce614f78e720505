import "reflect-metadata";
import { injectedInto } from "./injection-metadata.ts";
import { storeKinds, storeTokens, type StoreKind } from "./tokens.ts";

/**
 * Returns the kinds of stores that classes have injected, at any depth; all kinds when that cannot be seen, because a
 * dependency is bound in the application's own container or is named by inversify's own decorators.
 */
export function injectedStores(types: Iterable<object>): ReadonlySet<StoreKind> {
  const kinds = new Map<unknown, StoreKind>([...storeTokens()].map(({ token, kind }) => [token, kind]));
  const found = new Set<StoreKind>();
  const seen = new Set<unknown>();
  const waiting: unknown[] = [...types];
  for (let one = waiting.pop(); one !== undefined; one = waiting.pop()) {
    if (seen.has(one)) continue;
    seen.add(one);
    const kind = kinds.get(one);
    const dependencies = typeof one === "function" ? dependenciesOf(one) : undefined;
    if (kind !== undefined) found.add(kind);
    else if (dependencies === undefined) return new Set(storeKinds);
    else waiting.push(...dependencies.filter((dependency) => dependency !== undefined));
  }
  return found;
}

/** What a class has injected; `undefined` when only its container knows. */
function dependenciesOf(type: Function): readonly unknown[] | undefined {
  for (let one: Function | null = type; one !== null; one = Object.getPrototypeOf(one) as Function | null) {
    const dependencies = injectedInto(one);
    if (dependencies) return dependencies;
    if (one.length > 0 && one !== Function.prototype) return undefined;
    if (Reflect.getOwnMetadataKeys(one).some((key) => String(key).includes("inversify"))) return undefined;
  }
  return [];
}
