import { BeeHiveError } from "../../../base/errors.ts";
import type { Stores } from "../../../contract/stores.ts";
import type { StorePath } from "./messages.ts";

/** The way of a thread to the stores of its step. */
export interface StoreLink {
  call(path: StorePath, method: string, args: readonly unknown[]): Promise<unknown>;
  iterate(path: StorePath, method: string, args: readonly unknown[]): AsyncIterable<unknown>;
}

const iterating = new Set(["range", "all", "list"]);

/** Returns the stores that an actor in a thread gets: each call goes to the step, in the thread of the hive. */
export function threadStores(link: StoreLink): Stores {
  const store = (kind: StorePath["kind"], name: string): never => proxyOf(link, { kind, name }) as never;
  return {
    collection: (name) => store("collection", name),
    keyedList: (name) => store("keyedList", name),
    keyValue: (name) => store("keyValue", name),
    counters: store("counters", ""),
    locks: { tryLock: () => Promise.reject(refused("locks are held in the thread of the hive")) },
  };
}

function proxyOf(link: StoreLink, path: StorePath): object {
  return new Proxy(
    {},
    {
      get: (_, method) => {
        // A promise looks for `then` on whatever it resolves with.
        if (typeof method !== "string" || method === "then") return undefined;
        return (...args: readonly unknown[]) => {
          if (path.kind === "keyValue" && method === "read") throw refused("a body cannot be streamed: use get");
          return iterating.has(method) ? link.iterate(path, method, args) : link.call(path, method, args);
        };
      },
    },
  );
}

function refused(why: string): BeeHiveError {
  return new BeeHiveError("InvalidState", `An actor with isolate cannot do this: ${why}. Do it in another actor.`);
}

/** Returns the store of a step for a path. */
export function storeAt(stores: Stores, { kind, name }: StorePath): object {
  return kind === "counters" ? stores.counters : stores[kind](name);
}
