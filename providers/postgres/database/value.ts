/** A value of a parameter. */
export type Value = string | number | boolean | null | Uint8Array | readonly Value[];
