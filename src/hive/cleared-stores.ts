import { BeeHiveError } from "../base/errors.ts";
import type { Provider } from "../contract/provider.ts";
import type { ClearedStore } from "../contract/topic-log.ts";
import { storeTokenOf, type Token } from "../actors/injection/tokens.ts";
import { logOf } from "./hive-log.ts";

/** The token of a store, a counter, or any store by kind and name. */
export type StoreToClear = Token<unknown> | { readonly counter: string } | ClearedStore;

/** Returns what a rewind empties. @throws BeeHiveError when the provider cannot, or a store cannot be emptied. */
export function clearedStores(provider: Provider, clear: readonly StoreToClear[]): readonly ClearedStore[] {
  if (clear.length > 0 && !logOf(provider).countItems)
    throw new BeeHiveError("InvalidState", `A rewind on ${provider.name} cannot empty stores; empty them before it.`);
  return clear.map((store) => {
    if (typeof store === "object") return "kind" in store ? store : { kind: "counter", name: store.counter };
    const { kind, name } = storeTokenOf(store);
    if (kind === "entities") return { kind: "collection", name };
    if (kind !== "counters" && kind !== "locks") return { kind, name };
    throw new BeeHiveError(
      "InvalidConfiguration",
      `A rewind empties no ${kind}; name one counter: { counter: "Sold" }.`,
    );
  });
}
