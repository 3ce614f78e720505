import type { Event } from "../events/event.ts";
import type { Outcome } from "../actors/outcome.ts";

/** An event as an entry names it: without its body. */
export interface JournaledEvent {
  readonly id: string;
  readonly eventType: string;
  /** Where it was published: the topic, `OrderAccepted-`, or the queue, `Invoices`. */
  readonly destination: string;
  /** When it was to be delivered at the earliest, in ms since the epoch; `undefined` when at once. */
  readonly dueAt: number | undefined;
}

/** That an event was pushed from outside, that one attempt of an actor at an event ended, or that a subscription was paused. */
export interface JournalEntry {
  /** When the attempt ended, or the push began, in ms since the epoch. */
  readonly time: number;
  /** The id of the event; with its source, as `1 from /sensors/a`, when it has one. Empty when a subscription was paused. */
  readonly eventId: string;
  /** The timestamp of the event, in ms since the epoch. */
  readonly timestamp: number;
  readonly eventType: string;
  /** The subscription or queue that it was delivered from; where it was published when it was pushed. */
  readonly queueName: string;
  /** The name of the class; `undefined` when the event was pushed. */
  readonly actor: string | undefined;
  /** 1 for the first; 0 when the event was pushed. */
  readonly attempt: number;
  readonly outcome: Outcome | "pushed" | "paused";
  /** How long the attempt took, in ms, its settlement included. */
  readonly durationMs: number;
  /** When a pushed event was to be delivered at the earliest, or how long a pause is to last, in ms since the epoch. */
  readonly dueAt: number | undefined;
  readonly correlationId: string | undefined;
  readonly causationId: string | undefined;
  /** The business id, see {@link JournalOptions.subject}. */
  readonly subject: string | undefined;
  /** What the attempt published. More than {@link maxOutputs} are spread over several entries that are equal in all else. */
  readonly outputs: readonly JournaledEvent[];
  /** The code of a `BeeHiveError`, the name of any other error; `undefined` when there was none. */
  readonly errorName: string | undefined;
  /** At most 200 characters. */
  readonly errorMessage: string | undefined;
}

/** So many outputs are told in one entry at the most: it must fit a property of a cloud's table, however long their names. */
export const maxOutputs = 40;

/** Which entries are read; all unless said. */
export interface JournalFilter {
  /** In ms since the epoch, inclusive. */
  readonly since?: number | undefined;
  /** In ms since the epoch, exclusive. */
  readonly until?: number | undefined;
}

/**
 * What a hive did, without any body. Bounded: the oldest entries are given up for new ones. A record to look things
 * up in and no part of the work: it may lack what happened last before a crash.
 */
export interface Journal {
  /** Never throws, never waits. */
  append(entry: JournalEntry): void;
  /** Newest first; what several processes wrote at about the same time may be out of order by that. */
  read(filter?: JournalFilter): AsyncIterable<JournalEntry>;
  /** Gives up what is beyond the bounds; done from time to time without being asked for. */
  prune(): Promise<void>;
  /** Writes what was appended and takes no more; never rejects. */
  close(): Promise<void>;
}

/** What a journal keeps, and how an item is found in it. */
export interface JournalOptions {
  /**
   * The business id of an event, by which `hive.trace` finds it: an order number. The partition key unless given.
   * Called once an attempt, on the path of every event.
   */
  readonly subject?: ((event: Event) => string | undefined) | undefined;
  /** How many entries are kept, about; 2,000 in memory and 100,000 in a store unless given; at least 100. */
  readonly entries?: number | undefined;
  /** How long entries are kept in a store, in ms; 7 days unless given; at least 60,000. */
  readonly age?: number | undefined;
}
