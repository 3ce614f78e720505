import { UsageError } from "../exit-code.ts";

/** A value of an input, as text. */
export interface Item {
  /** The number of the item, counted from 1: the line in NDJSON, the index in an array. */
  readonly number: number;
  /** The first line of the item, counted from 1. */
  readonly line: number;
  readonly text: string;
}

export function placeOf({ number, line }: Pick<Item, "number" | "line">): string {
  return number === line ? `line ${line}` : `element ${number} (line ${line})`;
}

/** The longest value that is read, in characters: more than any provider accepts, and small enough for memory. */
export const maxItem: number = 8 * 1024 * 1024;

export function tooLong(line: number): UsageError {
  return new UsageError(`line ${line}: a value of more than ${maxItem} characters; no provider accepts such an event`);
}
