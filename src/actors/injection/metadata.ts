import "reflect-metadata";
import type { BindingConstraints, Container, LazyServiceIdentifier, Newable, ServiceIdentifier } from "inversify";
import type { Marks } from "./place.ts";

/*
 * Parts of inversify's metadata and bindings for which its package exports no types. Its version is pinned, and the
 * tests of the injection check fail when a new version changes them.
 */

/** A parameter or property of a class, or an argument of a resolved value. */
export interface Dependency extends Marks {
  /** A key of {@link dependencyKinds}. */
  readonly kind: number;
  readonly optional?: boolean;
  readonly value?: ServiceIdentifier | LazyServiceIdentifier | undefined;
}

/** Marks a class that has `@injects`, even with nothing in it. */
export const injected: symbol = Symbol.for("beehive-actors.injected");

export const dependencyKinds = { several: 0, one: 1, unmanaged: 2, unknown: 32 } as const;

export interface ClassMetadata {
  readonly constructorArguments: readonly (Dependency | undefined)[];
  readonly properties: ReadonlyMap<string | symbol, Dependency>;
  /** The scope that `@injectable("Singleton")` names. */
  readonly scope: string | undefined;
  readonly lifecycle?: { readonly postConstructMethodNames: ReadonlySet<string | symbol> };
}

export interface Binding {
  readonly type: string;
  readonly scope: string;
  isSatisfiedBy(constraints: BindingConstraints): boolean;
  /** Set when `type` is `Instance`. */
  readonly implementationType?: Newable;
  /** Set when `type` is `ResolvedValue`. */
  readonly metadata?: { readonly arguments: readonly Dependency[] };
  /** Set when `type` is `ServiceRedirection`. */
  readonly targetServiceIdentifier?: ServiceIdentifier;
}

const classMetadata = "@inversifyjs/core/classMetadataReflectKey";
const none: ClassMetadata = { constructorArguments: [], properties: new Map(), scope: undefined };

/** Returns the dependencies that a class itself declares. Inherited ones do not count for inversify either. */
export function metadataOf(type: Newable): ClassMetadata {
  return (Reflect.getOwnMetadata(classMetadata, type) as ClassMetadata) ?? none;
}

/** Returns whether inversify would make an object of a class with `new` alone: it knows nothing of the class. */
export function hasNoDependencies(type: Newable): boolean {
  return type.length === 0 && !Reflect.hasOwnMetadata(classMetadata, type);
}

/** Unwraps an identifier that inversify looks up later. */
export function identifierOf(value: Dependency["value"]): ServiceIdentifier | undefined {
  return typeof value === "object" && value !== null ? value.unwrap() : value;
}

type BindingsOf = (id: ServiceIdentifier) => readonly Binding[];

interface PluginContext {
  readonly bindingService: { get(id: ServiceIdentifier): Iterable<Binding> | undefined };
}

/** Returns a function that lists the bindings of an identifier in a container and its parents. Makes nothing. */
export function bindingsIn(container: Container | undefined): BindingsOf {
  let context: PluginContext | undefined;
  class Reader {
    constructor(_container: Container, given: PluginContext) {
      context = given;
    }
    load(): void {}
  }
  Object.defineProperty(Reader.prototype, Symbol.for("@inversifyjs/plugin/isPlugin"), { value: true });
  container?.register(Reader);
  return (id) => [...(context?.bindingService.get(id) ?? [])];
}
