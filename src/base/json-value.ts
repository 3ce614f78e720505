/** What JSON carries as it is. */
type Json = string | number | boolean | null | undefined | readonly Json[] | { readonly [name: string]: Json };

/** What JSON makes `{}` of. */
type Lost =
  | ReadonlyMap<unknown, unknown>
  | ReadonlySet<unknown>
  | PromiseLike<unknown>
  | ArrayBuffer
  | SharedArrayBuffer
  | Blob;

type AnyFunction = (...given: never[]) => unknown;

/**
 * What is read of a value that was written as JSON. What JSON carries as it is stays as it is; a `Date` is a text, as of
 * everything its `toJSON` is what is read; methods are gone. Of a `Map`, a `Set`, a promise, a `Blob` and an `ArrayBuffer`
 * JSON keeps nothing; an event refuses them. Bytes are bytes as the whole of a body alone: within it an event refuses
 * them, and they are read as numbers by place where others wrote them.
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
