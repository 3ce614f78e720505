import type { Journal, JournalEntry } from "../../journal/journal.ts";

/** An actor as a journal saw it, on one subscription or queue. */
export interface ObservedActor {
  readonly events: number;
  /** The mean time of an attempt with its settlement. */
  readonly durationMs: number;
  /** The longest attempt with its settlement. */
  readonly longestMs: number;
  /** The longest wait of an event for its first attempt. */
  readonly lagMs: number;
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
  longestMs: number;
  lagMs: number;
  readonly events: Set<string>;
  readonly outputs: Map<string, number>;
}

/** Returns the durations, the retries and the fan-out of actors from a journal. */
export async function observe(journal: Pick<Journal, "read">): Promise<Observation> {
  const actors = new Map<string, Seen>();
  const pushes = new Map<string, number>();
  const attempts = new Set<string>();
  const due = new Map<string, number>();
  const starts: { readonly eventId: string; readonly seen: Seen; readonly at: number; readonly timestamp: number }[] =
    [];
  const times = { first: Infinity, last: -Infinity };
  for await (const entry of journal.read()) {
    if (entry.outcome === "paused") continue;
    times.first = Math.min(times.first, entry.time);
    times.last = Math.max(times.last, entry.time);
    for (const { id, dueAt } of [{ id: entry.eventId, dueAt: entry.dueAt }, ...entry.outputs])
      if (dueAt !== undefined) due.set(id, dueAt);
    if (entry.outcome === "pushed") add(pushes, entry.queueName, 1);
    else {
      const seen = count(actors, entry, attempts);
      const { eventId, timestamp, time, durationMs } = entry;
      if (entry.attempt === 1) starts.push({ eventId, seen, timestamp, at: time - durationMs });
    }
  }
  // An event is due later than its timestamp if the entry that published it says so, which is read after this one.
  for (const { eventId, seen, timestamp, at } of starts)
    seen.lagMs = Math.max(seen.lagMs, at - Math.max(timestamp, due.get(eventId) ?? 0));
  const seconds = Math.max(0, (times.last - times.first) / 1_000);
  return {
    actors: new Map([...actors].map(([queue, seen]) => [queue, meanOf(seen)])),
    rates: new Map(seconds > 0 ? [...pushes].map(([to, events]) => [to, events / seconds]) : []),
    seconds,
  };
}

function count(actors: Map<string, Seen>, entry: JournalEntry, attempts: Set<string>): Seen {
  const { queueName, eventId, attempt, durationMs, outputs } = entry;
  const seen = actors.get(queueName) ?? {
    attempts: 0,
    durationMs: 0,
    longestMs: 0,
    lagMs: 0,
    events: new Set(),
    outputs: new Map(),
  };
  actors.set(queueName, seen);
  for (const { destination } of outputs) add(seen.outputs, destination, 1);
  // Many outputs are spread over several entries of one attempt.
  const key = `${queueName}\n${eventId}\n${attempt}`;
  if (attempts.has(key)) return seen;
  attempts.add(key);
  seen.attempts++;
  seen.durationMs += durationMs;
  seen.longestMs = Math.max(seen.longestMs, durationMs);
  seen.events.add(eventId);
  return seen;
}

function meanOf({ attempts, durationMs, longestMs, lagMs, events, outputs }: Seen): ObservedActor {
  return {
    events: events.size,
    durationMs: durationMs / attempts,
    longestMs,
    lagMs,
    attempts: attempts / events.size,
    publishes: Object.fromEntries([...outputs].map(([to, total]) => [to, total / events.size])),
  };
}

function add(counts: Map<string, number>, key: string, more: number): void {
  counts.set(key, (counts.get(key) ?? 0) + more);
}
