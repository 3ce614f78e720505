import type { Duration } from "../base/duration.ts";
import type { Event } from "../events/event.ts";
import type { Outcome } from "../actors/outcome.ts";

/** An event without its body. */
export interface JournaledEvent {
  readonly id: string;
  readonly eventType: string;
  /** The topic, `OrderAccepted-`, or the queue, `Invoices`, that it was published to. */
  readonly destination: string;
  /** The earliest time of its delivery, in ms since the epoch; `undefined` for at once. */
  readonly dueAt: number | undefined;
}

/** A push from outside, an attempt of an actor, or a pause of a subscription. */
export interface JournalEntry {
  /** The end of the attempt or the start of the push, in ms since the epoch. */
  readonly time: number;
  /** The id of the event, with its source if it has one: `1 from /sensors/a`. Empty for a pause. */
  readonly eventId: string;
  /** The timestamp of the event, in ms since the epoch. */
  readonly timestamp: number;
  readonly eventType: string;
  /** The subscription or queue of the attempt; for a push, the destination. */
  readonly queueName: string;
  /** The class of the actor; `undefined` for a push. */
  readonly actor: string | undefined;
  /** 1 for the first attempt; 0 for a push. */
  readonly attempt: number;
  readonly outcome: Outcome | "pushed" | "paused";
  /** The duration of the attempt with its settlement, in ms. */
  readonly durationMs: number;
  /** The earliest delivery of a pushed event, or the end of a pause, in ms since the epoch. */
  readonly dueAt: number | undefined;
  readonly correlationId: string | undefined;
  readonly causationId: string | undefined;
  /** The business id, see {@link JournalOptions.subject}. */
  readonly subject: string | undefined;
  /** The events that the attempt published. More than 40 are spread over several entries. */
  readonly outputs: readonly JournaledEvent[];
  /** The code of a `BeeHiveError`, or the name of another error; `undefined` without one. */
  readonly errorName: string | undefined;
  /** At most 200 characters. */
  readonly errorMessage: string | undefined;
}

/** An entry that is made of what it refers to when something reads it: many entries are never read. */
export interface LateEntry {
  made(): JournalEntry;
}

/** Selects entries by time. @default All of them. */
export interface JournalFilter {
  /** The first time, in ms since the epoch, inclusive. */
  readonly since?: number | undefined;
  /** The last time, in ms since the epoch, exclusive. */
  readonly until?: number | undefined;
}

/**
 * A record of what a hive did, without bodies. Returned by `hive.journal` and `journalOf`.
 *
 * It is bounded: new entries replace the oldest. Work never depends on it, so a crash may lose its last entries.
 *
 * @example
 * for await (const { time, actor, outcome } of hive.journal.read()) console.log(time, actor, outcome);
 */
export interface Journal {
  /** Adds an entry. Never throws and never waits. */
  append(entry: JournalEntry): void;
  /** Adds an entry that is made when it is read. @default Entries are made when they are appended. */
  appendLate?(entry: LateEntry): void;
  /** Yields entries, newest first. Entries of several processes may be slightly out of order. */
  read(filter?: JournalFilter): AsyncIterable<JournalEntry>;
  /** Removes entries beyond the bounds. Also runs by itself from time to time. */
  prune(): Promise<void>;
  /** Writes all appended entries and takes no more. Never rejects. */
  close(): Promise<void>;
}

/**
 * The options of a journal.
 *
 * @example
 * { subject: ({ partitionKey }) => partitionKey, entries: 500_000, age: "30d" }
 */
export interface JournalOptions {
  /**
   * Returns the business id of an event, such as an order number, by which `hive.trace` finds it.
   *
   * Called for every attempt, so it should be fast.
   *
   * @default The partition key.
   */
  readonly subject?: ((event: Event) => string | undefined) | undefined;
  /** About how many entries are kept, at least 100. @default 2_000 in memory, 100_000 in a store */
  readonly entries?: number | undefined;
  /** How long entries are kept in a store, at least 1 minute. @default "7d" */
  readonly age?: Duration | undefined;
}
