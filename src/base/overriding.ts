/**
 * Returns an object with other members. The rest goes through, called on the object itself.
 *
 * Members that the object lacks stay absent, so that optional methods of an interface keep their meaning.
 *
 * @param passed Maps each argument of a method that goes through. @default As it is.
 */
export function overriding<T extends object>(
  inner: T,
  members: Partial<T>,
  passed: (argument: unknown) => unknown = (argument) => argument,
): T {
  const own = { ...members };
  return new Proxy(inner, {
    get(target, name) {
      if (Object.hasOwn(own, name)) return own[name as keyof T];
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== "function") return value;
      return (...given: readonly unknown[]): unknown => Reflect.apply(value, target, given.map(passed));
    },
    // A member that is set later replaces the one of this object, not of the inner one.
    set: (_, name, value) => Reflect.set(own, name, value),
  });
}
