import { messageOf } from "../base/error-text.ts";
import "reflect-metadata";
import { Container, inject, injectable, type ServiceIdentifier } from "inversify";
import { throwProblems } from "../base/problems.ts";
import type { ActorDescriptor, ProcessorActor } from "../actors/actor.ts";
import { BeeHiveError } from "../base/errors.ts";
import type { Step } from "../contract/provider.ts";
import type { Stores } from "../contract/stores.ts";
import { checkInjection } from "./check.ts";
import { injected } from "./metadata.ts";
import type { Logger } from "../base/logger.ts";
import { storeTokenCount, storeTokens, type Token } from "./tokens.ts";

export { Container };

/** What can be injected: a class, or a token for an interface. */
// oxlint-disable-next-line typescript/no-explicit-any -- any class can be injected, whatever its own dependencies
export type Injectable<T = unknown> = Token<T> | (new (...dependencies: any[]) => T);

type Injected<D extends readonly Injectable[]> = { [K in keyof D]: D[K] extends Injectable<infer T> ? T : never };

/** Whether it is a container of this copy of inversify: one of another has fields of its own that this one cannot read. */
export function isContainer(value: unknown): value is Container {
  return value instanceof Container;
}

/** A token for an interface of yours: `const Clock = token<Clock>("Clock")`, bound with `container.bind(Clock)`. */
export function token<T>(name: string): Token<T> {
  return Symbol(name) as Token<T>;
}

/**
 * Says what a class is constructed with, in order: `@injects(Orders, PaymentGateway)`. The compiler checks it
 * against the constructor. The same as inversify's `@inject` on each parameter, and it also works as a
 * standard decorator, where parameters cannot be decorated.
 */
export function injects<const D extends readonly Injectable[]>(
  ...dependencies: D
): <C extends new (...dependencies: Injected<D>) => unknown>(target: C, context?: ClassDecoratorContext<C>) => void {
  return (target) => {
    injectable()(target);
    dependencies.forEach((dependency, index) => inject(dependency as ServiceIdentifier)(target, undefined, index));
    Object.defineProperty(target, injected, { value: true, configurable: true });
  };
}

/**
 * Makes actors through inversify. Stores that are injected anywhere below an actor are those of its step:
 * inversify asks for them while the actor is being resolved, so a field is enough to say which step that is.
 */
export class ActorContainer {
  readonly #container: Container;
  readonly #parent: Container | undefined;
  readonly #direct: Pick<Step, "stores">;
  /** Whose stores are injected now. */
  #step: Pick<Step, "stores">;
  #bound = 0;
  #checked = false;

  /** @param parent the application's own container; classes it does not bind are made as they are asked for. */
  constructor(stores: Stores, parent: Container | undefined) {
    this.#parent = parent;
    this.#container = new Container({ autobind: true, ...(parent ? { parent } : {}) });
    this.#direct = { stores };
    this.#step = this.#direct;
  }

  /**
   * Checks once what the actors have injected, and logs what may be unintended.
   *
   * @throws BeeHiveError `InvalidConfiguration` with every dependency that is missing, and how an actor comes to it.
   */
  check(descriptors: readonly ActorDescriptor[], logger: Logger): void {
    if (this.#checked) return;
    const findings = checkInjection(descriptors, this.#parent);
    throwProblems(findings.filter(({ severity }) => severity === "error").map(({ message }) => message));
    for (const { actor, message } of findings) logger.warn({ actor }, message);
    this.#checked = true;
  }

  /**
   * A new actor for one event.
   *
   * @throws BeeHiveError `Unresolvable` with what inversify says is missing.
   */
  resolve(descriptor: ActorDescriptor, step: Step): Promise<ProcessorActor> {
    this.#bindStores();
    this.#step = step;
    const resolving = this.#container.getAsync<ProcessorActor>(descriptor.actorType);
    this.#step = this.#direct;
    return resolving.catch((cause: unknown) => {
      throw unresolvable(descriptor, cause);
    });
  }

  /** Deactivates singletons that the hive's own container made. */
  close(): Promise<void> {
    return this.#container.unbindAllAsync();
  }

  /** Tokens are made when modules load, which may be after the hive was made. */
  #bindStores(): void {
    if (this.#bound === storeTokenCount()) return;
    for (const { token: store, find } of storeTokens()) {
      if (this.#container.isCurrentBound(store)) continue;
      this.#container.bind(store).toDynamicValue(() => find(this.#step.stores));
    }
    this.#bound = storeTokenCount();
  }
}

/** inversify does not export its class of errors, but marks them, for all of its copies. */
function isOfInversify(error: unknown): boolean {
  return Object.hasOwn(Object(error), Symbol.for("@inversifyjs/core/InversifyCoreError"));
}

/** Why inversify could not make an actor, as an error that says what to do. */
function unresolvable(descriptor: ActorDescriptor, cause: unknown): BeeHiveError {
  return new BeeHiveError(
    "Unresolvable",
    isOfInversify(cause)
      ? `${descriptor.name} cannot be made. Bind what it needs in the container of the hive, and name it with @injects: ${messageOf(cause)}`
      : `${descriptor.name} cannot be made: what it needs failed: ${messageOf(cause)}`,
    { cause },
  );
}
