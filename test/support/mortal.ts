import type { Clock } from "../../src/base/clock.ts";
import { inMs } from "../../src/base/duration.ts";
import type { Provider } from "../../src/contract/provider.ts";
import type { HeldLock, LockStore } from "../../src/contract/stores.ts";

/** The clock and the provider of one process, which can be killed. */
export interface Mortal {
  readonly clock: Clock;
  readonly provider: Provider;
  /** Kills the process: its timers and its calls stand still. Its locks end after their time. */
  readonly kill: () => void;
  /** Lets its calls of collections fail, or no longer. */
  readonly cut: (isCut: boolean) => void;
  /** Ends its locks, as a network that is down for long does. */
  readonly loseLocks: () => void;
}

/** Returns a process on a provider, in virtual time. */
export function mortal(provider: Provider, clock: Clock): Mortal {
  let isDead = false;
  let isCut = false;
  const locks = new Map<HeldLock, number>();
  let lost = new AbortController();
  const guarded = <T extends object>(target: T, fails = () => false): T =>
    new Proxy(target, {
      get(inner, name) {
        const value: unknown = Reflect.get(inner, name, inner);
        if (typeof value !== "function") return value;
        return (...given: unknown[]) => {
          if (isDead) return new Promise(() => {});
          if (fails()) throw new Error("the network is down");
          const returned = (value as (...given: unknown[]) => unknown).apply(inner, given);
          // An answer that comes after the death reaches nobody.
          if (!(returned instanceof Promise)) return returned;
          return returned.then((answer) => (isDead ? new Promise(() => {}) : answer));
        };
      },
    });
  const lockStore: LockStore = {
    async tryLock(resource, options) {
      const lock = await guarded(provider.stores.locks).tryLock(resource, options);
      if (!lock) return undefined;
      locks.set(lock, inMs(options?.ttl ?? 30_000));
      const release = (): Promise<void> => lock.release();
      const signal = AbortSignal.any([lock.signal, lost.signal]);
      const { fencingToken } = lock;
      return { resource, fencingToken, signal, release, [Symbol.asyncDispose]: release };
    },
  };
  return {
    clock: {
      now: () => clock.now(),
      after: (ms, callback) => clock.after(ms, () => (isDead ? undefined : callback())),
    },
    provider: {
      name: provider.name,
      capabilities: provider.capabilities,
      queues: guarded(provider.queues),
      stores: {
        collection: (name) => guarded(provider.stores.collection(name), () => isCut),
        keyedList: (name) => guarded(provider.stores.keyedList(name)),
        keyValue: (name) => guarded(provider.stores.keyValue(name)),
        counters: provider.stores.counters,
        locks: lockStore,
      },
      setup: async () => provider.setup?.(),
      beginStep: (lease) => provider.beginStep(lease),
      close: () => provider.close(),
    },
    cut: (is) => {
      isCut = is;
    },
    loseLocks() {
      for (const lock of locks.keys()) void lock.release();
      locks.clear();
      lost.abort();
      lost = new AbortController();
    },
    kill() {
      isDead = true;
      for (const [lock, ttl] of locks) clock.after(ttl, () => void lock.release());
    },
  };
}
