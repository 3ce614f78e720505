/*
 * A monorepo may have two installed copies of this package, each with classes of its own. They know each other by brands:
 * values under a symbol that all copies share, on the prototypes of their classes.
 */

const brand = Symbol.for("beehive-actors.brand");

type Constructor = abstract new (...parameters: never[]) => object;

/** Brands a class under a name, which never changes: other copies may be of another release. */
export function brandAs(name: string, type: Constructor): void {
  Object.defineProperty(type.prototype, brand, { value: name });
}

/** Whether a value is an instance of a class of that brand, of whichever copy. */
export function isBranded(value: unknown, name: string): boolean {
  if (typeof value !== "object" || value === null) return false;
  for (let one: unknown = value; one !== null; one = Object.getPrototypeOf(one))
    if (Object.hasOwn(one as object, brand) && (one as Record<symbol, unknown>)[brand] === name) return true;
  return false;
}

/** Whether `instanceof` holds: by the brand of a class that has one of its own, so not for classes that extend it. */
export function isInstance(type: Constructor, value: unknown): boolean {
  if (Function.prototype[Symbol.hasInstance].call(type, value)) return true;
  const { prototype } = type as { readonly prototype: Readonly<Record<symbol, unknown>> };
  return Object.hasOwn(prototype, brand) && isBranded(value, prototype[brand] as string);
}

/** Tells what to do about two copies that do not get on with each other. */
export const twoCopies =
  "There are two installed copies of beehive-actors; npm ls beehive-actors shows who brings which. Let all take the same one";
