import type { Identified, IncrementOptions, Stores, TransactionWork } from "../../contract/stores.ts";

/** The code around the calls to stores. */
export interface StoreHooks {
  /** Called with the address of each store, list and counter that is used. */
  readonly touch: (address: StoreAddress) => void;
  /** Makes a call, and decides when and whether. @default at once */
  readonly around?: <T>(call: StoreCall, make: () => Promise<T>) => Promise<T>;
}

/** The address of a part of the stores that can be read as a whole. */
export type StoreAddress =
  | { readonly kind: "collection" | "keyValue"; readonly name: string }
  | { readonly kind: "keyedList"; readonly name: string; readonly list: string; readonly key: string }
  | { readonly kind: "counter"; readonly name: string; readonly id: string; readonly min?: number | undefined };

interface StoreCall {
  /** Without arguments: `Orders.update`. */
  readonly name: string;
  /** With arguments, as code. */
  readonly text: string;
  readonly writes: boolean;
}

const writes = new Set(["insert", "insertIfAbsent", "update", "upsert", "delete", "deleteList", "increment"]);
const lists = new Set(["all", "range", "list"]);

/** Returns the same stores, with hooks around each call. */
export function instrumented(stores: Stores, hooks: StoreHooks): Stores {
  return {
    collection: (name) =>
      surrounded(stores.collection(name), name, hooks, () => hooks.touch({ kind: "collection", name })),
    keyedList: (name) =>
      surrounded(stores.keyedList(name), name, hooks, ([list, key]) => {
        if (typeof list === "string" && typeof key === "string") hooks.touch({ kind: "keyedList", name, list, key });
      }),
    keyValue: (name) => surrounded(stores.keyValue(name), name, hooks, () => hooks.touch({ kind: "keyValue", name })),
    get counters() {
      return surrounded(stores.counters, "counters", hooks, ([name, id, , options]) =>
        hooks.touch({
          kind: "counter",
          name: String(name),
          id: String(id),
          min: (options as IncrementOptions | undefined)?.min,
        }),
      );
    },
    get locks() {
      return surrounded(stores.locks, "locks", hooks, () => {});
    },
    ...(stores.transact && { transact: transactOf(stores.transact.bind(stores), hooks) }),
  };
}

type Transact = NonNullable<Stores["transact"]>;

function transactOf(transact: Transact, hooks: StoreHooks): Transact {
  return <T extends Identified, R>(name: string, work: TransactionWork<T, R>): Promise<R> =>
    transact<T, R>(name, (items, publish) =>
      work(
        surrounded(items, name, hooks, () => hooks.touch({ kind: "collection", name })),
        publish,
      ),
    );
}

function surrounded<T extends object>(
  store: T,
  name: string,
  { around }: StoreHooks,
  touch: (given: readonly unknown[]) => void,
): T {
  return new Proxy(store, {
    get(target, property) {
      const value: unknown = Reflect.get(target, property);
      if (typeof value !== "function" || typeof property !== "string") return value;
      return (...given: unknown[]): unknown => {
        touch(given);
        const make = (): unknown => Reflect.apply(value, target, given);
        if (!around) return make();
        const call = {
          name: `${name}.${property}`,
          text: `${name}.${property}(${given.map(argument).join(", ")})`,
          writes: writes.has(property),
        };
        if (lists.has(property)) return listed(call, make as () => AsyncIterable<unknown>, around);
        return around(call, make as () => Promise<unknown>);
      };
    },
  });
}

/** Lists as the store does, and counts as one call. */
async function* listed(
  call: StoreCall,
  make: () => AsyncIterable<unknown>,
  around: NonNullable<StoreHooks["around"]>,
): AsyncGenerator<unknown, void, undefined> {
  const items = make()[Symbol.asyncIterator]();
  try {
    let next = await around(call, () => items.next());
    while (!next.done) {
      yield next.value;
      next = await items.next();
    }
  } finally {
    await items.return?.();
  }
}

/** Returns an argument as code: of an item, its id. */
function argument(given: unknown): string {
  if (typeof given === "object" && given !== null && "id" in given) return `{ id: ${JSON.stringify(given.id)} }`;
  if (typeof given === "object") return "{ … }";
  return JSON.stringify(given) ?? "undefined";
}
