/** A value of a parameter. */
export type Value = string | number | boolean | null | Uint8Array | readonly Value[] | JoinedBytes;

/** An array of bytes that travels as its bytes. As an array it would be a text of twice the size. */
export class JoinedBytes {
  readonly joined: Buffer;
  readonly lengths: readonly (number | null)[];

  constructor(all: readonly (Uint8Array | null)[]) {
    this.joined = Buffer.concat(all.filter((bytes) => bytes !== null));
    this.lengths = all.map((bytes) => bytes && bytes.length);
  }
}

/** Returns the value of a parameter that is an array of bytes. */
export function bytesArray(all: readonly (Uint8Array | null)[]): Value {
  return all.every((bytes) => bytes === null) ? all : new JoinedBytes(all);
}
