import { messageOf } from "../base/error-text.ts";
import { BeeHiveError } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import type { Identified, Stores, TransactionWork } from "../contract/stores.ts";

/** Watches the stores that an actor gets. */
export interface StoreWatch {
  /** Returns a store, or an object that has stores, whose calls are watched. */
  watch<T extends object>(store: T): T;
}

const awaited = Symbol("awaited");
type Call = Promise<unknown> & { [awaited]?: true };

/**
 * The prototype of watched promises, which notes that someone awaits them.
 *
 * `await`, `then`, `Promise.all` and the like read the constructor of a promise. A subclass with a `then` of its own would
 * make each `await` slower.
 */
const callPrototype = Object.create(Promise.prototype, {
  constructor: {
    get(this: Call) {
      this[awaited] = true;
      return Promise;
    },
  },
}) as object;

/**
 * The calls of stores in one run of an actor.
 *
 * A call that fails and that nobody awaits fails the step, and not the process.
 */
export class StoreCalls implements StoreWatch {
  readonly #log: { readonly logger: Logger };
  readonly #pending = new Set<Call>();
  readonly #failed: { readonly call: Call; readonly error: unknown }[] = [];
  #over = false;

  /** @param log Its logger is read when a call that no one awaits fails after the end. */
  constructor(log: { readonly logger: Logger }) {
    this.#log = log;
  }

  watch<T extends object>(store: T): T {
    // Not the store itself: a proxy must return the members of a frozen object as they are.
    const shadow = Object.create(store) as T;
    return new Proxy(shadow, { get: (_, name) => this.#member(store, name) });
  }

  /**
   * Ends the calls of an actor that has returned.
   *
   * @throws BeeHiveError `InvalidState` for a call that the actor does not await, and that failed or is under way.
   */
  end(): void {
    this.close();
    for (const { call, error } of this.#failed)
      if (!call[awaited])
        throw new BeeHiveError(
          "InvalidState",
          `The actor did not await a call of a store, which failed: ${messageOf(error)} ` +
            "Await every call in processAsync.",
          { cause: error },
        );
    for (const call of this.#pending)
      if (!call[awaited])
        throw new BeeHiveError(
          "InvalidState",
          "The actor returned while a call of a store was under way. Await every call in processAsync.",
        );
  }

  /** Ends the calls. Later failures that nobody awaits are logged. */
  close(): void {
    this.#over = true;
  }

  #member(store: object, name: string | symbol): unknown {
    const member = Reflect.get(store, name) as unknown;
    if (typeof name === "symbol" || name === "constructor") return member;
    if (typeof member !== "function") return this.#result(member);
    if (name === "transact") return this.#transact(store as Stores);
    return (...args: unknown[]) => this.#result(Reflect.apply(member, store, args));
  }

  /** The items of a transaction are a store, too. */
  #transact(stores: Stores): NonNullable<Stores["transact"]> {
    const transact = (stores.transact as NonNullable<Stores["transact"]>).bind(stores);
    return <T extends Identified, R>(collection: string, work: TransactionWork<T, R>) =>
      this.#call(transact<T, R>(collection, (items, publish) => work(this.watch(items), publish)));
  }

  #result(result: unknown): unknown {
    if (typeof result !== "object" || result === null) return result;
    if (result instanceof Promise) return this.#call(result);
    return Symbol.asyncIterator in result ? result : this.watch(result);
  }

  #call<R>(promise: Promise<R>): Promise<R> {
    // A promise of another class has a `then` of its own.
    const call: Promise<R> & Call =
      Object.getPrototypeOf(promise) === Promise.prototype ? promise : (async () => promise)();
    this.#pending.add(call);
    call.then(
      () => this.#pending.delete(call),
      (error: unknown) => this.#fail(call, error),
    );
    return Object.setPrototypeOf(call, callPrototype) as Promise<R>;
  }

  #fail(call: Call, error: unknown): void {
    this.#pending.delete(call);
    if (!this.#over) this.#failed.push({ call, error });
    else if (!call[awaited]) this.#log.logger.error({ err: error }, "a call of a store failed, and no one awaits it");
  }
}
