/** What JSON carries as it is. */
type Json = string | number | boolean | null | undefined | readonly Json[] | { readonly [name: string]: Json };

type AnyFunction = (...given: never[]) => unknown;

/**
 * What is read of a value that was written as JSON. What JSON carries as it is stays as it is; a `Date` is a text, as of
 * everything its `toJSON` is what is read; a `Map`, a `Set` and a promise are empty objects; methods are gone.
 */
export type Received<T> = unknown extends T
  ? T
  : T extends Json | Uint8Array
    ? T
    : T extends { toJSON(...given: never[]): infer Written }
      ? Received<Written>
      : T extends ReadonlyMap<unknown, unknown> | ReadonlySet<unknown> | PromiseLike<unknown>
        ? Record<never, never>
        : T extends bigint | symbol | AnyFunction
          ? never
          : T extends readonly unknown[]
            ? { [K in keyof T]: Received<T[K]> }
            : { [K in keyof T as T[K] extends AnyFunction ? never : K]: Received<T[K]> };
