import type { Event } from "../events/event.ts";
import type { QueueName } from "../events/queue-name.ts";
import type { DeadLetter, DeadLetterRecord } from "./dead-letter.ts";
import type { KeepRule, Replayed, StartPosition, TopicLog } from "./topic-log.ts";
import type { Transaction } from "./transaction.ts";

/** A queue, topic or subscription that a hive needs. */
export interface QueueSpec {
  readonly name: QueueName;
  /** Leases events of one partition key one at a time, in order. */
  readonly ordered: boolean;
  /** The length of a lease, in ms. */
  readonly leaseMs: number;
  /** The hive's limit of attempts. A limit of the broker must be higher, so that the hive dead-letters first. */
  readonly maxAttempts: number;
  /** The rule by which a topic keeps its events. A spec without one changes nothing. */
  readonly keep?: KeepRule | undefined;
  /** Where a subscription starts when it is made. @default "now" */
  readonly from?: StartPosition | undefined;
  /**
   * True for a queue that the hive publishes to and does not read. `ordered` is then unknown: its readers set it.
   *
   * @default false
   */
  readonly publishedOnly?: boolean | undefined;
  /**
   * The time without a reader after which the broker removes a new subscription, in ms. Only where the broker can.
   *
   * @default never
   */
  readonly maxIdleMs?: number | undefined;
}

/** An event handed to one consumer for a time. The queue operator that made it settles it, once. */
export interface Lease {
  readonly event: Event;
  readonly queueName: QueueName;
  /** The number of this attempt, from 1. Kept across delays; see {@link AbandonOptions.countAttempt}. */
  readonly attempt: number;
  /** The time of the first delivery, in ms since the epoch. Kept across delays. */
  readonly firstSeen: number;
  /** The end of the lease, in ms since the epoch, by the clock of this process. */
  readonly expiresAt: number;
  /** The position in its topic, of an event that the topic keeps; `undefined` where the provider cannot tell. */
  readonly position?: number | undefined;
  /** Set when a rewind delivers the event again. */
  readonly replayed?: Replayed | undefined;
}

/** How many events to lease, and how long to wait for the first. */
export interface LeaseRequest {
  /** Maximum leases, from 1. Only actors that can start now count, since a lease ages at once. */
  readonly max: number;
  readonly leaseMs: number;
  /** The maximum wait for the first event, in ms. */
  readonly waitMs: number;
  /** Ends the wait early. `lease` then returns an empty list, and leaves no event leased. */
  readonly signal: AbortSignal;
  /**
   * Waits until `events` actors can start, for at most `maxMs`. Returns how many can start then.
   *
   * For providers that charge by the request: one for ten events costs as much as one for a single event.
   */
  readonly moreSlots?: (events: number, maxMs: number) => Promise<number>;
}

/** How an event returns to its queue. */
export interface AbandonOptions {
  /** The delay before the next delivery, in ms. The event holds no lease meanwhile. */
  readonly delayMs: number;
  /** Counts this delivery as an attempt. `false` when a hive or a subscription stops or pauses. */
  readonly countAttempt: boolean;
}

/** An event of an ordered queue that holds back later events of its partition key. */
export interface KeyHolder {
  readonly eventId: string;
  readonly partitionKey: string;
  /** The number of events behind it. */
  readonly behind: number;
  /** The number of attempts so far, including the one under way. */
  readonly attempts: number;
  readonly state: "ready" | "leased" | "delayed";
}

/** The events to cancel: one by its id, or all that have a cancel key. */
export type CancelChoice = { readonly id: string } | { readonly key: string };

/** The events of a queue to look at. */
export interface PeekRequest {
  /** The most events to return, from 1. */
  readonly limit: number;
  /** Looks for the event of this id only. */
  readonly id?: string | undefined;
}

/** An event in a queue or subscription, not leased by the one who looks. */
export interface QueuedEvent {
  readonly event: Event;
  /** `waiting`: behind another event of its partition key. */
  readonly state: "ready" | "leased" | "delayed" | "waiting";
  /** The end of its lease or delay, in ms since the epoch; `undefined` without one. */
  readonly dueAt: number | undefined;
  /** The number of attempts so far, including the one under way. */
  readonly attempts: number;
  /** The event in front of its line; of a `waiting` event, where the provider can tell. */
  readonly heldBy?: LineHead | undefined;
}

/** The event in front of the line of a partition key. */
export interface LineHead {
  readonly eventId: string;
  readonly attempts: number;
  readonly state: "ready" | "leased" | "delayed";
  /** When it is tried again, or its lease ends, in ms since the epoch. */
  readonly dueAt: number | undefined;
  /** The number of events in front of the one that waits. */
  readonly ahead: number;
}

/** The number of events of a queue or subscription in each state. */
export interface QueueCounts {
  readonly ready: number;
  readonly leased: number;
  readonly delayed: number;
  readonly dead: number;
  /** True while the counts may miss events of this process, so that 0 proves nothing. */
  readonly lagging?: boolean;
}

/**
 * Queues, topics and subscriptions of one provider. The suite `queueOperatorContract` tests this contract:
 *
 * - Delivery is at least once: an event is delivered until it is committed or dead-lettered.
 * - A topic copies each event to every subscription that exists at the time of the push.
 * - Commit, abandon and dead-letter throw `LeaseLost` after the lease ended. They never succeed silently.
 * - A provider may drop an event that was pushed before to the same topic or queue, within its window. `identityOf`
 *   names the event: one id from two sources is two events.
 * - Methods throw `BeeHiveError`s. They retry for seconds at most; the hive retries after that.
 *
 * `L` is the provider's own type of lease: `class MyQueues implements QueueOperator<MyLease>` needs no casts.
 * Write your own with docs/providers.md.
 */
export interface QueueOperator<L extends Lease = Lease> {
  /** The kept events of topics; only with the capability `log`. */
  readonly log?: TopicLog;

  /**
   * Returns what the provider refuses of these queues, in words: lengths, characters, leases that it cannot give.
   *
   * Empty when it accepts all of them.
   */
  problems(queues: readonly QueueSpec[]): readonly string[];
  /** Creates what is missing, topics first. Idempotent, also in several processes at once. */
  ensure(queues: readonly QueueSpec[]): Promise<void>;
  /** Returns the names that do not exist. Needs no right to manage. */
  missing(queues: readonly QueueSpec[]): Promise<readonly QueueName[]>;
  /** Deletes a topic with its subscriptions, a subscription or a queue, and all events in it. */
  delete(name: QueueName): Promise<void>;

  /**
   * Publishes events to their `queueName`, not before their `enqueueTime`.
   *
   * Returns the number of events dropped as duplicates; `undefined` when the provider cannot tell.
   *
   * @throws `QueueNotFound`, `TooLarge`.
   */
  push(events: readonly Event[]): Promise<number | undefined>;
  /**
   * Publishes events as {@link push} does, in a transaction of the application: with its commit, or not at all.
   *
   * Only where the queues are in the database of the application.
   *
   * @throws as `push`. The transaction may be of no more use then.
   */
  pushWithin?(transaction: Transaction, events: readonly Event[]): Promise<number | undefined>;
  /** Leases up to `max` events, waiting for the first. The caller may change the list. @throws `QueueNotFound`. */
  lease(name: QueueName, request: LeaseRequest): Promise<L[]>;
  /** Extends leases by `leaseMs` from now. Returns for each, in order, whether it is still held. */
  renew(leases: readonly L[], leaseMs: number): Promise<readonly boolean[]>;
  /**
   * Publishes the outputs and ends the lease, in one atomic step where the provider can.
   *
   * Elsewhere it pushes, then commits: a crash between the two repeats the outputs under the same ids.
   *
   * @throws `LeaseLost`.
   */
  commit(lease: L, outputs: readonly Event[]): Promise<void>;
  /** Returns the event to its queue, to be delivered again after a delay. @throws `LeaseLost`. */
  abandon(lease: L, options: AbandonOptions): Promise<void>;
  /**
   * Moves the event to the dead letters of its queue, with an id for the letter.
   *
   * Earlier letters of the same event stay.
   *
   * @throws `LeaseLost`.
   */
  deadLetter(lease: L, letter: DeadLetterRecord): Promise<void>;

  /**
   * Cancels events that are ready or delayed. Returns how many deliveries, or events where it knows no deliveries.
   *
   * Leased events stay. A cancel that meets a lease ends in one of the two. Only with the capability `cancel`.
   */
  cancel?(which: CancelChoice): Promise<number>;
  /**
   * Returns the next events of a queue without leasing them: ready ones, then those that are leased or delayed.
   *
   * Only with the capability `peek`. @throws `QueueNotFound`.
   */
  peek?(name: QueueName, request: PeekRequest): Promise<readonly QueuedEvent[]>;
  /**
   * Removes the ready and delayed events of a queue. Leased ones and dead letters stay.
   *
   * Returns how many; `undefined` when the provider cannot tell. Only with the capability `purge`.
   *
   * @throws `QueueNotFound`.
   */
  purge?(name: QueueName): Promise<number | undefined>;

  /** Returns the existing subscriptions and queues. Only where the provider can list them cheaply. */
  names?(): Promise<readonly QueueName[]>;
  /** Returns counts; approximate where the cloud only knows approximate ones. */
  counts(name: QueueName): Promise<QueueCounts>;
  /**
   * Returns the timestamp of the longest-ready event, in ms; `undefined` when none is ready. Of an event that was pushed
   * for later it is the `enqueueTime`.
   *
   * Only where the provider can tell cheaply.
   */
  oldest?(name: QueueName): Promise<number | undefined>;
  /**
   * Returns up to 100 tried events that hold back others of their key, longest lines first.
   *
   * Only where the provider can tell cheaply.
   */
  holders?(name: QueueName): Promise<readonly KeyHolder[]>;
  /** Yields the dead letters of a queue or subscription, oldest first. */
  deadLetters(name: QueueName): AsyncIterable<DeadLetter>;
  /**
   * Requeues a dead letter behind the waiting events of its queue, with attempts counted anew.
   *
   * @param id of the letter, or of its event: then the oldest letter of that event, where the provider keeps an order.
   * @param mended replaces the event of the letter.
   * @throws `NotFound`.
   */
  requeue(name: QueueName, id: string, mended?: Event): Promise<void>;
  /** Deletes a dead letter, chosen as by {@link requeue}. @throws `NotFound`. */
  drop(name: QueueName, id: string): Promise<void>;
}
