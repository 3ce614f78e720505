import type { Journal, JournalEntry } from "../journal/journal.ts";

/** An actor as a journal saw it, on one subscription or queue. */
export interface ObservedActor {
  readonly events: number;
  /** The mean time of an attempt with its settlement. */
  readonly durationMs: number;
  /** The mean number of deliveries of an event. */
  readonly attempts: number;
  /** The mean number of events to each destination, for one that was handled. */
  readonly publishes: Readonly<Record<string, number>>;
}

/** The flow of events that a journal saw. */
export interface Observation {
  /** By subscription or queue. */
  readonly actors: ReadonlyMap<string, ObservedActor>;
  /** Pushed events a second, by destination, over the time that the journal covers. */
  readonly rates: ReadonlyMap<string, number>;
  readonly seconds: number;
}

interface Seen {
  attempts: number;
  durationMs: number;
  readonly events: Set<string>;
  readonly outputs: Map<string, number>;
}

/** Returns the durations, the retries and the fan-out of actors from a journal. */
export async function observe(journal: Pick<Journal, "read">): Promise<Observation> {
  const actors = new Map<string, Seen>();
  const pushes = new Map<string, number>();
  const attempts = new Set<string>();
  const times = { first: Infinity, last: -Infinity };
  for await (const entry of journal.read()) {
    if (entry.outcome === "paused") continue;
    times.first = Math.min(times.first, entry.time);
    times.last = Math.max(times.last, entry.time);
    if (entry.outcome === "pushed") add(pushes, entry.queueName, 1);
    else count(actors, entry, attempts);
  }
  const seconds = Math.max(0, (times.last - times.first) / 1_000);
  return {
    actors: new Map([...actors].map(([queue, seen]) => [queue, meanOf(seen)])),
    rates: new Map(seconds > 0 ? [...pushes].map(([to, events]) => [to, events / seconds]) : []),
    seconds,
  };
}

function count(actors: Map<string, Seen>, entry: JournalEntry, attempts: Set<string>): void {
  const { queueName, eventId, attempt, durationMs, outputs } = entry;
  const seen = actors.get(queueName) ?? { attempts: 0, durationMs: 0, events: new Set(), outputs: new Map() };
  actors.set(queueName, seen);
  for (const { destination } of outputs) add(seen.outputs, destination, 1);
  // Many outputs are spread over several entries of one attempt.
  const key = `${queueName}\n${eventId}\n${attempt}`;
  if (attempts.has(key)) return;
  attempts.add(key);
  seen.attempts++;
  seen.durationMs += durationMs;
  seen.events.add(eventId);
}

function meanOf({ attempts, durationMs, events, outputs }: Seen): ObservedActor {
  return {
    events: events.size,
    durationMs: durationMs / attempts,
    attempts: attempts / events.size,
    publishes: Object.fromEntries([...outputs].map(([to, total]) => [to, total / events.size])),
  };
}

function add(counts: Map<string, number>, key: string, more: number): void {
  counts.set(key, (counts.get(key) ?? 0) + more);
}
