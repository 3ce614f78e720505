import assert from "node:assert/strict";
import { BeeHiveError, type ErrorCode } from "../../base/errors.ts";
import type { Event, EventRecord } from "../../events/event.ts";

/** Returns the error of that code that `work` rejects with, or throws. */
export async function rejectsWith(code: ErrorCode, work: () => Promise<unknown> | void): Promise<BeeHiveError> {
  let outcome: unknown;
  try {
    await work();
    outcome = "it was not refused";
  } catch (error) {
    outcome = error;
  }
  if (outcome instanceof BeeHiveError && outcome.code === code) return outcome;
  if (outcome instanceof Error)
    throw new assert.AssertionError({
      message: `${outcome.name} instead of ${code}: ${outcome.message}`,
      actual: outcome,
      expected: code,
      operator: "rejectsWith",
    });
  return assert.fail(`${code} was expected: ${String(outcome)}`);
}

/** Returns the values of an async iterable. */
export async function listOf<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

/** Asserts that an event arrived whole on `queueName`. */
export function assertArrived(actual: Event, pushed: Event, queueName: string): void {
  assert.deepEqual(comparable(actual), { ...comparable(pushed), queueName });
}

function comparable(event: Event): object {
  const { body, properties, ...rest }: EventRecord = event.toRecord();
  return {
    ...rest,
    properties: { ...properties },
    // Compare content: a Buffer may stand for a Uint8Array.
    body: typeof body === "string" ? body : { bytes: Buffer.from(body).toString("hex") },
  };
}

/** Runs `work` over all items, a few at a time. Many emulators handle one call after the other. */
export async function forEachOf<T>(items: readonly T[], work: (item: T) => Promise<unknown>): Promise<void> {
  const rest = items.values();
  const worker = async (): Promise<void> => {
    for (const item of rest) await work(item);
  };
  await Promise.all(Array.from({ length: 10 }, worker));
}
