import type { Journal } from "./journal.ts";

/** A pause that goes on now, as a journal tells it. */
export interface RecentPause {
  /** See {@link PausedBy}. */
  readonly by: string;
  /** In ms since the epoch. */
  readonly until: number;
}

/** So many of the newest entries are looked through: a subscription that is paused writes few. */
const maxEntries = 10_000;

/** The pauses that go on now, by subscription. Of a process that ended meanwhile the journal does not know. */
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
