/*
 * A monorepo may have two installed copies of this package, each with its own classes. Brands make them recognise each
 * other: values on the prototypes of their classes, under a symbol that all copies share.
 */

const brand = Symbol.for("beehive-actors.brand");

type Constructor = abstract new (...parameters: never[]) => object;

/** Brands a class under a name. The name never changes: other copies may be of another release. */
export function brandAs(name: string, type: Constructor): void {
  Object.defineProperty(type.prototype, brand, { value: name });
}

/** Returns whether a value is an instance of a class of that brand, of any copy. */
export function isBranded(value: unknown, name: string): boolean {
  if (typeof value !== "object" || value === null) return false;
  for (let one: unknown = value; one !== null; one = Object.getPrototypeOf(one))
    if (Object.hasOwn(one as object, brand) && (one as Record<symbol, unknown>)[brand] === name) return true;
  return false;
}

/** Returns whether `instanceof` holds, also by the brand of the class itself. Subclasses need their own brands. */
export function isInstance(type: Constructor, value: unknown): boolean {
  if (Function.prototype[Symbol.hasInstance].call(type, value)) return true;
  const { prototype } = type as { readonly prototype: Readonly<Record<symbol, unknown>> };
  return Object.hasOwn(prototype, brand) && isBranded(value, prototype[brand] as string);
}

/** The advice for two copies that cannot read each other. */
export const twoCopies =
  "There are two installed copies of beehive-actors; npm ls beehive-actors lists them. Let all packages use the same one";
