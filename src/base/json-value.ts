/** Values that JSON carries unchanged. */
type Json = string | number | boolean | null | undefined | readonly Json[] | { readonly [name: string]: Json };

/** Values that JSON turns into `{}`. */
type Lost =
  | ReadonlyMap<unknown, unknown>
  | ReadonlySet<unknown>
  | PromiseLike<unknown>
  | ArrayBuffer
  | SharedArrayBuffer
  | Blob;

type AnyFunction = (...given: never[]) => unknown;

/**
 * The type of a value after JSON: written, then read.
 *
 * A `Date` becomes a text, any other value with `toJSON` its result; methods are gone. JSON keeps nothing of a `Map`, a
 * `Set`, a promise, a `Blob` and an `ArrayBuffer`, which events refuse. Bytes stay bytes as a whole body only; within a
 * body, where other producers write them, they become numbers by index.
 *
 * @example
 * type Read = Received<{ placed: Date }>; // { placed: string }
 */
export type Received<T> = unknown extends T ? T : T extends Uint8Array ? Uint8Array : Written<T>;

type Written<T> = unknown extends T
  ? T
  : T extends Json
    ? T
    : T extends { toJSON(...given: never[]): infer Data }
      ? Written<Data>
      : T extends ArrayBufferView
        ? { readonly [place: number]: number }
        : T extends Lost
          ? Record<never, never>
          : T extends bigint | symbol | AnyFunction
            ? never
            : T extends readonly unknown[]
              ? { [K in keyof T]: Written<T[K]> }
              : { [K in keyof T as T[K] extends AnyFunction ? never : K]: Written<T[K]> };
