import "reflect-metadata";
import { inversify } from "#inversify";
import type { Container as InversifyContainer, ServiceIdentifier } from "inversify";
import type { ActorClass, ActorDescriptor, AnyActor } from "../actor.ts";
import type { StoreWatch } from "../store-calls.ts";
import { messageOf } from "../../base/error-text.ts";
import { BeeHiveError } from "../../base/errors.ts";
import type { Logger } from "../../base/logger.ts";
import { throwProblems } from "../../base/problems.ts";
import type { Step } from "../../contract/provider.ts";
import type { Stores } from "../../contract/stores.ts";
import { checkInjection } from "./check.ts";
import { hasNoDependencies, injected } from "./metadata.ts";
import { storeTokenCount, storeTokens, type Token } from "./tokens.ts";

/** The container of inversify, which loads when the first one is made. */
export type Container = InversifyContainer;

/** Stands for the class of inversify: what is asked of it is asked of that. */
export const Container: typeof InversifyContainer = new Proxy(function () {} as unknown as typeof InversifyContainer, {
  construct(_, args, made) {
    const { Container: real } = inversify();
    return Reflect.construct(real, args, made === Container ? real : made) as object;
  },
  get: (_, name) => Reflect.get(inversify().Container, name) as unknown,
  has: (_, name) => Reflect.has(inversify().Container, name),
});

/** A class, or a token for an interface. */
// oxlint-disable-next-line typescript/no-explicit-any -- any class can be injected, whatever its own dependencies
export type Injectable<T = unknown> = Token<T> | (new (...dependencies: any[]) => T);

type Injected<D extends readonly Injectable[]> = { [K in keyof D]: D[K] extends Injectable<infer T> ? T : never };

/** Returns whether a value is a container of inversify, of any copy of it. */
export function isContainer(value: unknown): value is Container {
  const { getAsync, register } = Object(value) as Partial<Container>;
  return typeof getAsync === "function" && typeof register === "function";
}

/**
 * Returns a token for an interface, to be bound in the container of the hive.
 *
 * @example
 * const PaymentGateway = token<PaymentGateway>("PaymentGateway");
 * container.bind(PaymentGateway).to(HttpGateway);
 */
export function token<T>(name: string): Token<T> {
  return Symbol(name) as Token<T>;
}

/**
 * Names the dependencies of a constructor, in order. The compiler checks them against it.
 *
 * The same as inversify's `@inject` on each parameter, but it also works as a standard decorator, where parameters
 * cannot be decorated.
 *
 * @example
 * @injects(Orders, PaymentGateway)
 * class PaymentActor {
 *   constructor(orders: CollectionStore<Order>, gateway: PaymentGateway) { … }
 * }
 */
export function injects<const D extends readonly Injectable[]>(
  ...dependencies: D
): <C extends new (...dependencies: Injected<D>) => unknown>(target: C, context?: ClassDecoratorContext<C>) => void {
  return (target) => {
    const { inject, injectable } = inversify();
    injectable()(target);
    dependencies.forEach((dependency, index) => inject(dependency as ServiceIdentifier)(target, undefined, index));
    Object.defineProperty(target, injected, { value: true, configurable: true });
  };
}

/**
 * Makes an actor of another container for one event; `undefined` leaves it to the hive.
 *
 * Stores of `stores` belong to the step of the event: pass them to the actor, and to no other.
 */
export type ActorResolver = (
  actorType: ActorClass,
  stores: Stores,
) => AnyActor | undefined | Promise<AnyActor | undefined>;

/**
 * Makes actors through inversify, with the stores of their steps.
 *
 * Inversify resolves stores synchronously while it resolves the actor, so a field is enough to hold the step.
 */
export class ActorContainer {
  readonly #container: Container;
  readonly #parent: Container | undefined;
  readonly #resolver: ActorResolver | undefined;
  readonly #direct: Pick<Step, "stores">;
  /** The step whose stores are injected now. */
  #step: Pick<Step, "stores">;
  /** Watches the stores that are injected now. */
  #watch: StoreWatch | undefined = undefined;
  /** True when no actor waits for anything as it is made. */
  #atOnce = false;
  /** The actors that only `new` makes: without dependencies or metadata, in a hive without another container. */
  #bare: ReadonlySet<ActorClass> = new Set();
  #bound = 0;
  #checked = false;

  /** @param parent The application's container. Classes that it does not bind are made for each event. */
  constructor(stores: Stores, parent: Container | undefined, resolver?: ActorResolver) {
    this.#parent = parent;
    this.#resolver = resolver;
    this.#container = parent
      ? new (classOf(parent))({ autobind: true, parent })
      : new (inversify().Container)({ autobind: true });
    this.#direct = { stores };
    this.#step = this.#direct;
  }

  /**
   * Checks the dependencies of all actors, once, and logs those that may be unintended.
   *
   * @throws BeeHiveError `InvalidConfiguration` with every missing dependency and its path from an actor.
   */
  check(descriptors: readonly ActorDescriptor[], logger: Logger): void {
    if (this.#checked) return;
    // Another container may make actors, whose constructors only it knows.
    const own = this.#resolver
      ? descriptors.filter(({ actorType }) => Object.hasOwn(actorType, injected))
      : descriptors;
    const { findings, mayWait } = checkInjection(own, this.#parent);
    throwProblems(findings.filter(({ severity }) => severity === "error").map(({ message }) => message));
    for (const { actor, message } of findings) logger.warn({ actor }, message);
    this.#atOnce = !mayWait && !this.#resolver;
    if (!this.#parent && !this.#resolver)
      this.#bare = new Set(descriptors.map(({ actorType }) => actorType).filter(hasNoDependencies));
    this.#checked = true;
  }

  /**
   * Makes an actor for one event or batch, of the kind that the caller knows it to be.
   *
   * @param watch watches the stores that the actor gets. @default The actor gets the stores as they are.
   * @throws BeeHiveError `Unresolvable` with the dependency that inversify misses.
   */
  resolve<A extends AnyActor>(
    descriptor: ActorDescriptor,
    step: Pick<Step, "stores">,
    watch?: StoreWatch,
  ): A | Promise<A> {
    return this.#resolver
      ? this.#ask<A>(this.#resolver, descriptor, step, watch)
      : this.#make<A>(descriptor, step, watch);
  }

  async #ask<A extends AnyActor>(
    resolver: ActorResolver,
    descriptor: ActorDescriptor,
    step: Pick<Step, "stores">,
    watch: StoreWatch | undefined,
  ): Promise<A> {
    let resolved: AnyActor | undefined;
    try {
      resolved = await resolver(descriptor.actorType, watch?.watch(step.stores) ?? step.stores);
    } catch (cause) {
      throw unresolvable(descriptor, cause);
    }
    return (resolved as A | undefined) ?? this.#make<A>(descriptor, step, watch);
  }

  /**
   * Makes an object that is no actor, outside any step.
   *
   * @throws BeeHiveError `Unresolvable` with the dependency that inversify misses.
   */
  async make<T>(type: Injectable<T>): Promise<T> {
    this.#bindStores();
    const name = typeof type === "function" ? type.name : String(type);
    try {
      const resolved = await this.#resolver?.(type as ActorClass, this.#direct.stores);
      return (resolved as T | undefined) ?? (await this.#container.getAsync<T>(type as ServiceIdentifier<T>));
    } catch (cause) {
      throw unresolvable({ name }, cause);
    }
  }

  #make<A extends AnyActor>(
    descriptor: ActorDescriptor,
    step: Pick<Step, "stores">,
    watch: StoreWatch | undefined,
  ): A | Promise<A> {
    const { actorType } = descriptor;
    try {
      if (this.#bare.has(actorType)) return new actorType() as A;
      this.#bindStores();
      this.#step = step;
      this.#watch = watch;
      if (this.#atOnce) return this.#container.get<AnyActor>(actorType) as A;
      const making = this.#container.getAsync<AnyActor>(actorType) as Promise<A>;
      return making.catch((cause: unknown) => {
        throw unresolvable(descriptor, cause);
      });
    } catch (cause) {
      throw unresolvable(descriptor, cause);
    } finally {
      this.#step = this.#direct;
      this.#watch = undefined;
    }
  }

  /** Deactivates the singletons of the hive's own container. */
  close(): Promise<void> {
    return this.#container.unbindAllAsync();
  }

  /** Binds new store tokens: modules may load, and make tokens, after the hive was made. */
  #bindStores(): void {
    if (this.#bound === storeTokenCount()) return;
    for (const { token: store, find } of storeTokens()) {
      if (this.#container.isCurrentBound(store)) continue;
      this.#container.bind(store).toDynamicValue(() => {
        const found = find(this.#step.stores) as object;
        return this.#watch?.watch(found) ?? found;
      });
    }
    this.#bound = storeTokenCount();
  }
}

/** Returns the class of inversify that made a container. A container reads the fields only of those of its own copy. */
function classOf(container: Container): typeof InversifyContainer {
  let prototype: object = container;
  for (
    let next: object = Object.getPrototypeOf(container) as object;
    next !== Object.prototype;
    next = Object.getPrototypeOf(next) as object
  )
    prototype = next;
  return prototype.constructor as typeof InversifyContainer;
}

/** Returns whether an error is inversify's. Its class is not exported, but its errors carry a mark. */
function isOfInversify(error: unknown): boolean {
  return Object.hasOwn(Object(error), Symbol.for("@inversifyjs/core/InversifyCoreError"));
}

/** Returns the error for an actor that inversify could not make. */
function unresolvable(descriptor: Pick<ActorDescriptor, "name">, cause: unknown): BeeHiveError {
  return new BeeHiveError(
    "Unresolvable",
    isOfInversify(cause)
      ? `${descriptor.name} cannot be made. ` +
          `Bind its dependencies in the container of the hive, and name them with @injects: ${messageOf(cause)}`
      : `${descriptor.name} cannot be made: a dependency failed: ${messageOf(cause)}`,
    { cause },
  );
}
