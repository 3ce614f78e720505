import type { Container, Newable, ServiceIdentifier } from "inversify";
import type { ActorDescriptor } from "../actor.ts";
import {
  bindingsIn,
  dependencyKinds,
  identifierOf,
  injected,
  metadataOf,
  type Binding,
  type Dependency,
} from "./metadata.ts";
import { Place } from "./place.ts";
import { storeTokens } from "./tokens.ts";

/** A mistake in the dependencies of an actor, or a possible one. */
export interface InjectionFinding {
  /** The name of the actor. */
  readonly actor: string;
  /** An error stops the hive from starting. */
  readonly severity: "error" | "warning";
  readonly message: string;
}

/**
 * Walks the dependency tree of each actor, without making anything.
 *
 * Returns the mistakes, and whether the making of an actor may take time: by a value that the application binds, or by
 * a `@postConstruct`.
 *
 * @param container The application's container; classes that it does not bind are made for each event. `unknown` checks
 *   the actors alone, because any container may bind their dependencies.
 */
export function checkInjection(
  descriptors: readonly ActorDescriptor[],
  container: Container | undefined | "unknown",
): { readonly findings: readonly InjectionFinding[]; readonly mayWait: boolean } {
  const check = new InjectionCheck(container);
  const actors = new Map(descriptors.map(({ actorType, name }) => [actorType, name]));
  const findings = [...actors].flatMap(([actorType, name]) => check.findings(actorType, name));
  return { findings, mayWait: check.mayWait };
}

/** Types that TypeScript emits for interfaces and primitives: constructible, and never intended. */
const builtIns = new Set<unknown>([Object, String, Number, Boolean, Array, Function, Symbol, BigInt, Promise]);

class InjectionCheck {
  readonly #bindingsOf: (id: ServiceIdentifier) => readonly Binding[];
  readonly #onlyActors: boolean;
  readonly #stores = new Set<unknown>([...storeTokens()].map(({ token }) => token));
  /** Classes with a warning already. */
  readonly #warned = new Set<unknown>();
  #found: Omit<InjectionFinding, "actor">[] = [];
  mayWait: boolean;

  constructor(container: Container | undefined | "unknown") {
    this.#onlyActors = container === "unknown";
    this.mayWait = container !== undefined;
    this.#bindingsOf = bindingsIn(container === "unknown" ? undefined : container);
  }

  findings(actorType: Newable, actor: string): InjectionFinding[] {
    this.#found = [];
    this.#visit(new Place(actorType), false, false);
    return this.#found.map((one) => ({ actor, ...one }));
  }

  /** Returns whether a store is injected at a place or anywhere below. */
  #visit(place: Place, several: boolean, optional: boolean): boolean {
    const { serviceIdentifier: id } = place;
    if (this.#stores.has(id) || (this.#onlyActors && !place.isRoot)) return true;
    if (place.isCircular) return this.#refuse(`${place.path} is a circle: none of them can be made first`);
    const bindings = this.#bindingsOf(id).filter((binding) => binding.isSatisfiedBy(place));
    if (bindings.length === 0) return this.#unbound(place, several, optional);
    if (bindings.length > 1 && !several)
      return this.#refuse(`${place.path}: the container binds ${place.text} ${bindings.length} times; bind it once`);
    return anyOf(bindings.map((binding) => this.#bound(binding, place)));
  }

  #bound({ type, scope, implementationType, metadata, targetServiceIdentifier }: Binding, place: Place): boolean {
    if (targetServiceIdentifier !== undefined)
      return this.#visit(new Place(targetServiceIdentifier, place), false, false);
    if (type === "ResolvedValue")
      return anyOf((metadata?.arguments ?? []).map((one, index) => this.#dependency(one, index, place)));
    if (!implementationType) return false;
    const usesStores = this.#instance(implementationType, place);
    if (usesStores && scope === "Singleton")
      this.#warn(
        implementationType,
        `${place.path} is a singleton with a store injected, which ends with the step of the first event. ` +
          "Bind it without inSingletonScope()",
      );
    return usesStores;
  }

  #unbound(place: Place, several: boolean, optional: boolean): boolean {
    const { serviceIdentifier: id, path, text } = place;
    if (typeof id !== "function") {
      // Without a binding, several are an empty array.
      if (!optional && !several) this.#refuse(`${path}: nothing binds ${text} in the container of the hive`);
      return false;
    }
    if (builtIns.has(id))
      return this.#refuse(`${path}: nothing binds ${text}. Name a token with @injects in its place, and bind that`);
    const usesStores = this.#instance(id as Newable, place);
    // An instance with stores must be made for each event, because they belong to its step.
    if (!place.isRoot && !usesStores && metadataOf(id as Newable).scope !== "Singleton")
      this.#warn(
        id,
        `${path}: nothing binds ${text}, so one is made for each event. ` +
          `Make one for all with container.bind(${text}).toSelf().inSingletonScope(), ` +
          `or confirm it with container.bind(${text}).toSelf()`,
      );
    return usesStores;
  }

  #instance(type: Newable, place: Place): boolean {
    const { constructorArguments: parameters, properties, lifecycle } = metadataOf(type);
    if (lifecycle && lifecycle.postConstructMethodNames.size > 0) this.mayWait = true;
    const problem = undeclared(type, parameters.length);
    if (problem !== undefined) this.#refuse(`${place.path} ${problem}`);
    return anyOf([...parameters, ...properties.values()].map((one, index) => this.#dependency(one, index, place)));
  }

  #dependency(one: Dependency | undefined, index: number, place: Place): boolean {
    if (one?.kind === dependencyKinds.unmanaged) return false;
    if (one === undefined || one.kind === dependencyKinds.unknown)
      return this.#refuse(`${place.path}: its dependency ${index + 1} has no @inject`);
    const id = identifierOf(one.value);
    if (id === undefined)
      return this.#refuse(
        `${place.path} injects undefined as dependency ${index + 1}: ` +
          "is it imported from a module that imports this one?",
      );
    return this.#visit(new Place(id, place, one), one.kind === dependencyKinds.several, one.optional ?? false);
  }

  #refuse(message: string): false {
    this.#found.push({ severity: "error", message });
    return false;
  }

  #warn(type: unknown, message: string): void {
    if (this.#warned.has(type)) return;
    this.#warned.add(type);
    this.#found.push({ severity: "warning", message });
  }
}

/** Returns what is wrong with a class that declares fewer dependencies than its constructor takes. */
function undeclared(type: Newable, declared: number): string | undefined {
  if (type.length > declared)
    return Object.hasOwn(type, injected)
      ? `has a constructor with ${type.length} parameters and @injects names ${declared}; ` +
          "a parameter with a default value need not be named"
      : "has a constructor with parameters but no @injects that names them";
  const base = Object.getPrototypeOf(type) as Newable;
  if (declared > 0 || !inheritsConstructor(type)) return undefined;
  if (base.length === 0 && metadataOf(base).constructorArguments.length === 0) return undefined;
  return `inherits the constructor of ${base.name}, whose @injects is not inherited: decorate it too`;
}

/** Returns whether a class has no constructor, or only one that compilers add for fields. */
function inheritsConstructor(type: Newable): boolean {
  const text = Function.prototype.toString.call(type);
  return !/\bconstructor\s*\(/.test(text) || /\bsuper\(\.\.\.arguments\)/.test(text);
}

function anyOf(values: readonly boolean[]): boolean {
  return values.includes(true);
}
