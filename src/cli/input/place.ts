import { UsageError } from "../exit-code.ts";

/** One value of an input, as text. */
export interface Item {
  /** What it is counted as, from 1: of NDJSON its line, of an array its place in it. */
  readonly number: number;
  /** The line that it begins on, from 1. */
  readonly line: number;
  readonly text: string;
}

export function placeOf({ number, line }: Pick<Item, "number" | "line">): string {
  return number === line ? `line ${line}` : `element ${number} (line ${line})`;
}

/** The longest value that is read, in characters: more than any provider takes, and little enough to hold. */
export const maxItem: number = 8 * 1024 * 1024;

export function tooLong(line: number): UsageError {
  return new UsageError(`line ${line}: a value of more than ${maxItem} characters; no provider takes such an event`);
}
