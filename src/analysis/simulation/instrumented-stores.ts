import type {
  CollectionStore,
  CounterStore,
  Identified,
  IncrementOptions,
  KeyedListStore,
  KeyValueStore,
  LockStore,
  Stores,
  TransactionWork,
} from "../../contract/stores.ts";

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

/**
 * The same stores, with hooks around each call.
 *
 * A class: V8 keeps a getter of an object literal, and with it the whole run, until a full collection.
 */
export class InstrumentedStores implements Stores {
  readonly transact?: Transact;
  #instrumented: { readonly stores: Stores; readonly hooks: StoreHooks } | undefined;

  constructor(stores: Stores, hooks: StoreHooks) {
    this.#instrumented = { stores, hooks };
    if (stores.transact) this.transact = transactOf(this);
  }

  /** Lets go of the stores and the hooks. Containers of inversify stay until a full collection as well. */
  end(): void {
    this.#instrumented = undefined;
  }

  collection<T extends Identified>(name: string): CollectionStore<T> {
    return this.surrounded("collection", name, this.inner.collection<T>(name));
  }

  keyedList<T extends Identified>(name: string): KeyedListStore<T> {
    const { touch } = this.#hooks;
    return surrounded(this.inner.keyedList<T>(name), name, this.#hooks, ([list, key]) => {
      if (typeof list === "string" && typeof key === "string") touch({ kind: "keyedList", name, list, key });
    });
  }

  keyValue(name: string): KeyValueStore {
    return this.surrounded("keyValue", name, this.inner.keyValue(name));
  }

  get counters(): CounterStore {
    const { touch } = this.#hooks;
    return surrounded(this.inner.counters, "counters", this.#hooks, ([name, id, , options]) => {
      const { min } = (options ?? {}) as IncrementOptions;
      touch({ kind: "counter", name: String(name), id: String(id), min });
    });
  }

  get locks(): LockStore {
    return surrounded(this.inner.locks, "locks", this.#hooks, () => {});
  }

  /** @internal The stores without the hooks. */
  get inner(): Stores {
    return this.#parts.stores;
  }

  /** @internal Returns one of the stores with the hooks around its calls. */
  surrounded<T extends object>(kind: "collection" | "keyValue", name: string, store: T): T {
    const { touch } = this.#hooks;
    return surrounded(store, name, this.#hooks, () => touch({ kind, name }));
  }

  get #hooks(): StoreHooks {
    return this.#parts.hooks;
  }

  get #parts(): { readonly stores: Stores; readonly hooks: StoreHooks } {
    if (this.#instrumented) return this.#instrumented;
    throw new Error("The run of these stores has ended.");
  }
}

type Transact = NonNullable<Stores["transact"]>;

/** Made outside of the constructor: V8 keeps closures that are made there as long as getters. */
function transactOf(stores: InstrumentedStores): Transact {
  return <T extends Identified, R>(name: string, work: TransactionWork<T, R>): Promise<R> => {
    const inner = stores.inner as Required<Stores>;
    return inner.transact<T, R>(name, (items, publish) => work(stores.surrounded("collection", name, items), publish));
  };
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
