import type { JournalEntry } from "../../../src/journal/journal.ts";

/** Returns the entry of a push, with changes. */
export function entry(changes: Partial<JournalEntry> = {}): JournalEntry {
  return {
    time: 1_000,
    eventId: "1",
    timestamp: 1_000,
    eventType: "OrderAccepted",
    queueName: "OrderAccepted-",
    actor: undefined,
    attempt: 0,
    outcome: "pushed",
    durationMs: 0,
    dueAt: undefined,
    correlationId: undefined,
    causationId: undefined,
    subject: undefined,
    outputs: [],
    errorName: undefined,
    errorMessage: undefined,
    ...changes,
  };
}

export async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}
