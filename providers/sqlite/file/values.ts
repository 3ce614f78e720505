/** A value that SQLite stores. Numbers are safe integers here; SQLite keeps them in up to 64 bits. */
export type Value = string | number | null | Uint8Array;

/** A value that drivers cannot handle: some crash on it, others store something else. */
export class UnfitValue extends Error {}

/**
 * Checks all values that are bound to a statement.
 *
 * @throws UnfitValue when a value is not a number, null, bytes, or a well-formed text without NUL.
 */
export function assertValues(values: readonly Value[]): void {
  for (let i = 0; i < values.length; i++) {
    const problem = valueProblem(values[i]);
    if (problem !== undefined) throw new UnfitValue(`SQLite cannot keep value ${i + 1}: ${problem}`);
  }
}

function valueProblem(value: unknown): string | undefined {
  if (typeof value === "string") return textProblem(value);
  if (typeof value === "number") return Number.isFinite(value) ? undefined : `it is ${value}`;
  if (value === null || value instanceof Uint8Array) return undefined;
  return `it is ${value === undefined ? "undefined" : `of the type ${typeof value}`}, not a text, number or bytes`;
}

/** Returns the reason why a text cannot be passed to a driver; undefined when it can. */
export function textProblem(text: string): string | undefined {
  if (text.includes("\0")) return "it holds NUL";
  return text.isWellFormed() ? undefined : "it is not well-formed Unicode";
}
