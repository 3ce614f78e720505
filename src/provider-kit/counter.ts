import { BeeHiveError } from "../base/errors.ts";
import { checkedKey, checkedName } from "../contract/keys.ts";
import { shown } from "../base/printable.ts";
import type { RowKey } from "./rows.ts";
import type { IncrementOptions } from "../contract/stores.ts";

/*
 * What counters have in common on all providers.
 */

/** How long an idempotency key is kept, in ms: the longest that a queue keeps an event (SQS). After it, nobody can repeat an increment. */
export const onceKeptMs: number = 14 * 24 * 60 * 60 * 1000;

/** How an increment was answered, kept under its idempotency key. */
export interface CounterAnswer {
  readonly value: number;
  readonly refused: boolean;
}

/** Where a counter is. @throws BeeHiveError `InvalidKey`. */
export function counterKey(name: string, id: string): RowKey {
  return {
    table: `counter/${checkedName("the name of a counter", name)}`,
    partition: "",
    id: checkedKey("the id of a counter", id),
  };
}

/** @throws BeeHiveError `InvalidKey` when it is not a safe integer. */
export function assertCount(value: number): void {
  if (Number.isSafeInteger(value)) return;
  throw new BeeHiveError("InvalidKey", `A counter counts in safe integers; ${shown(value)} is none.`);
}

/**
 * Returns the floor of a counter: `-Infinity` when it has none.
 *
 * @throws BeeHiveError `InvalidKey` when it is neither left out nor a safe integer: such a floor would hold nothing back.
 */
export function checkedFloor({ table, id }: RowKey, { min = -Infinity }: IncrementOptions): number {
  if (min === -Infinity || Number.isSafeInteger(min)) return min;
  throw new BeeHiveError(
    "InvalidKey",
    `The ${table} "${id}" cannot be changed: its min must be a whole number, not ${shown(min)}. Nothing changed.`,
  );
}

export function belowMinimum({ table, id }: RowKey, value: number, delta: number, min: number): BeeHiveError {
  return new BeeHiveError(
    "BelowMinimum",
    `The ${table} "${id}" was ${value}; adding ${delta} would bring it below ${Number.isFinite(min) ? min : "its minimum"}. Nothing changed.`,
  );
}
