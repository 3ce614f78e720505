import { BeeHiveError } from "../base/errors.ts";
import { shown } from "../base/printable.ts";
import { checkedKey, checkedName } from "../contract/keys.ts";
import type { IncrementOptions } from "../contract/stores.ts";
import type { RowKey } from "./rows.ts";

/*
 * Checks and errors of the counters of all providers.
 */

/** The life of an idempotency key, in ms: the longest that a queue keeps an event (SQS). */
export const onceKeptMs: number = 14 * 24 * 60 * 60 * 1000;

/** The result of an increment, kept under its idempotency key. */
export interface CounterAnswer {
  readonly value: number;
  readonly refused: boolean;
}

/** Returns the key of a counter's row. @throws BeeHiveError `InvalidKey`. */
export function counterKey(name: string, id: string): RowKey {
  return {
    table: `counter/${checkedName("the name of a counter", name)}`,
    partition: "",
    id: checkedKey("the id of a counter", id),
  };
}

/** @throws BeeHiveError `InvalidKey` for a value that is not a safe integer. */
export function assertCount(value: number): void {
  if (Number.isSafeInteger(value)) return;
  throw new BeeHiveError("InvalidKey", `A counter counts in safe integers; ${shown(value)} is none.`);
}

/**
 * Returns the minimum of a counter; `-Infinity` by default.
 *
 * @throws BeeHiveError `InvalidKey` for a minimum that is not a safe integer.
 */
export function checkedFloor({ table, id }: RowKey, { min = -Infinity }: IncrementOptions): number {
  if (min === -Infinity || Number.isSafeInteger(min)) return min;
  throw new BeeHiveError(
    "InvalidKey",
    `The ${table} "${id}" cannot be changed: its min must be a whole number, not ${shown(min)}. Nothing changed.`,
  );
}

/** Returns the error of an increment below the minimum. */
export function belowMinimum({ table, id }: RowKey, value: number, delta: number, min: number): BeeHiveError {
  return new BeeHiveError(
    "BelowMinimum",
    `The ${table} "${id}" was ${value}; adding ${delta} would bring it below ` +
      `${Number.isFinite(min) ? min : "its minimum"}. Nothing changed.`,
  );
}
