/**
 * A provider as unreliable as at-least-once delivery allows: a step may end between any two of its
 * effects, and events come twice, under different ids.
 */
import type { Event, Provider, Stores } from "beehive-actors";

export interface Unreliability {
  /** Share of effects, i.e. writes and published events, after which a step ends. */
  readonly crashRate: number;
  /** Share of events that are published twice. Events caused by a copy are published once, so that work ends. */
  readonly repeatRate: number;
  readonly random: () => number;
}

const again = "again";

export function unreliable(provider: Provider, { crashRate, repeatRate, random }: Unreliability): Provider {
  const crash = (after: string): void => {
    if (random() < crashRate) throw new Error(`The step ended after ${after}.`);
  };
  const publish = async (event: Event, cause?: Event): Promise<void> => {
    const copied = cause !== undefined && again in cause.properties;
    const properties = { ...event.properties, ...(copied ? { [again]: true } : {}) };
    const repeat = !copied && random() < repeatRate;
    await provider.queues.push([event.clone({ id: event.id, properties })]);
    crash("it published an event");
    if (repeat) await provider.queues.push([event.clone({ properties: { ...properties, [again]: true } })]);
  };
  const queues = overriding(provider.queues, {
    push: async (events: readonly Event[]) => {
      for (const event of events) {
        await provider.queues.push([event]);
        if (random() < repeatRate) await provider.queues.push([event.clone({ properties: { [again]: true } })]);
      }
    },
  });
  return overriding(provider, {
    queues,
    capabilities: { ...provider.capabilities, atomicStep: "it writes at once" },
    beginStep: (lease) => ({
      stores: crashingStores(provider.stores, crash),
      async commit(outputs) {
        for (const output of outputs) await publish(output, lease.event);
        await provider.queues.commit(lease, []);
      },
      cancel() {},
      discard() {},
    }),
  });
}

function crashingStores(stores: Stores, crash: (after: string) => void): Stores {
  return overriding(stores, {
    collection: (name) => crashing(stores.collection(name), crash),
    keyedList: (name) => crashing(stores.keyedList(name), crash),
    counters: crashing(stores.counters, crash),
  });
}

/** Returns a store of which each call may end its step. */
function crashing<T extends object>(store: T, crash: (after: string) => void): T {
  return new Proxy(store, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== "function") return value;
      return (...args: unknown[]) => {
        const result: unknown = Reflect.apply(value, target, args);
        if (!(result instanceof Promise)) return result;
        return result.then((answer: unknown) => {
          crash(String(name));
          return answer;
        });
      };
    },
  });
}

/** Returns the object with some members replaced. */
function overriding<T extends object>(original: T, members: Partial<T>): T {
  return new Proxy(original, {
    get(target, name) {
      if (Object.hasOwn(members, name)) return Reflect.get(members, name) as unknown;
      const value: unknown = Reflect.get(target, name);
      return typeof value === "function" ? (value.bind(target) as unknown) : value;
    },
  });
}
