import assert from "node:assert/strict";
import { BeeHiveError, type ErrorCode } from "../../base/errors.ts";
import type { Event, EventRecord } from "../../events/event.ts";

/** The error of that code with which `work` is refused. */
export async function rejectsWith(code: ErrorCode, work: () => Promise<unknown>): Promise<BeeHiveError> {
  const outcome = await work().then(
    () => "it was not refused",
    (error: unknown) => error,
  );
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

/** Everything that an async iterable gives. */
export async function listOf<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

/** That an event arrived whole on `queueName`. */
export function assertArrived(actual: Event, pushed: Event, queueName: string): void {
  assert.deepEqual(comparable(actual), { ...comparable(pushed), queueName });
}

function comparable(event: Event): object {
  const { body, properties, ...rest }: EventRecord = event.toRecord();
  return {
    ...rest,
    properties: { ...properties },
    // Bytes by their content: a Buffer is as good as a Uint8Array.
    body: typeof body === "string" ? body : { bytes: Buffer.from(body).toString("hex") },
  };
}

/** Runs `work` over all of `items`, a few at a time: many emulators answer one call after the other anyway. */
export async function forEachOf<T>(items: readonly T[], work: (item: T) => Promise<unknown>): Promise<void> {
  const rest = items.values();
  const worker = async (): Promise<void> => {
    for (const item of rest) await work(item);
  };
  await Promise.all(Array.from({ length: 10 }, worker));
}
