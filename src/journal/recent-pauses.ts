import type { Journal } from "./journal.ts";

/** A pause that has not ended, from a journal. */
export interface RecentPause {
  /** See {@link PausedBy}. */
  readonly by: string;
  /** In ms since the epoch. */
  readonly until: number;
}

/** Maximum entries to read, newest first: a paused subscription writes few. */
const maxEntries = 10_000;

/** Returns the pauses that have not ended, by subscription; also of processes that are gone. */
export async function recentPauses(journal: Pick<Journal, "read">, now: number): Promise<Map<string, RecentPause>> {
  const pauses = new Map<string, RecentPause>();
  let read = 0;
  for await (const { outcome, queueName, dueAt = 0, errorName = "" } of journal.read()) {
    if (outcome === "paused" && dueAt > now && !pauses.has(queueName))
      pauses.set(queueName, { by: errorName, until: dueAt });
    if (++read >= maxEntries) break;
  }
  return pauses;
}
