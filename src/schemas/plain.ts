import type { Codec } from "../contract/codec.ts";

/**
 * Leaves bodies as they are: JSON, text and bytes. The codec of a hive without one.
 *
 * @example
 * byType({ OrderPlaced: compressed(), "*": plain() });
 */
export function plain(): Codec {
  return { encode: (body) => body, decode: (body) => body };
}
