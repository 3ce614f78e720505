import { UsageError } from "../exit-code.ts";

/** A value of an input, as text. */
export interface Item {
  /** The number of the item, from 1: its line in NDJSON, its index in an array. */
  readonly number: number;
  /** The first line of the item, counted from 1. */
  readonly line: number;
  readonly text: string;
}

export function placeOf({ number, line }: Pick<Item, "number" | "line">): string {
  return number === line ? `line ${line}` : `element ${number} (line ${line})`;
}

/** Maximum length of a value, in characters: beyond all providers, and small enough for memory. */
export const maxItem: number = 8 * 1024 * 1024;

export function tooLong(line: number): UsageError {
  return new UsageError(`line ${line}: a value of more than ${maxItem} characters; no provider accepts such an event`);
}
