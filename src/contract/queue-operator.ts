import type { DeadLetter, DeadLetterRecord } from "./dead-letter.ts";
import type { Event } from "../events/event.ts";
import type { QueueName } from "../events/queue-name.ts";

/** A queue, topic or subscription as the set-up wants it. */
export interface QueueSpec {
  readonly name: QueueName;
  /** Events of one partition key are leased one at a time and in order. */
  readonly ordered: boolean;
  /** How long an event is leased, in ms. */
  readonly leaseMs: number;
  /** The hive's own limit of attempts; a limit of the broker must stand above it. */
  readonly maxAttempts: number;
}

/** An event handed to one consumer for a time. Made by a queue operator and settled through it, once. */
export interface Lease {
  readonly event: Event;
  readonly queueName: QueueName;
  /** How many deliveries count so far, this one included, see {@link AbandonOptions.countAttempt}; survives delayed retries. */
  readonly attempt: number;
  /** When it was first delivered, in ms since the epoch; survives delayed retries. */
  readonly firstSeen: number;
  /** When it ends unless renewed, in ms since the epoch, by the clock of this process. */
  readonly expiresAt: number;
}

export interface LeaseRequest {
  /** At most so many, at least 1: what can be started now. A lease ages from the moment it is taken. */
  readonly max: number;
  readonly leaseMs: number;
  /** How long to wait for the first event, in ms. */
  readonly waitMs: number;
  /** Ends the wait early: the answer is then empty, and no event is stranded by it. */
  readonly signal: AbortSignal;
}

export interface AbandonOptions {
  /** How long the event stays away, in ms; it holds no lease meanwhile. */
  readonly delayMs: number;
  /** Whether this delivery counts as an attempt. It does not when a hive or a subscription stops or pauses. */
  readonly countAttempt: boolean;
}

/** An event of an ordered queue that others of its partition key wait behind. */
export interface KeyHolder {
  readonly eventId: string;
  readonly partitionKey: string;
  /** How many wait behind it. */
  readonly behind: number;
  /** How often it was tried so far, the attempt under way included. */
  readonly attempts: number;
  readonly state: "ready" | "leased" | "delayed";
}

/** How many events of a queue or subscription are where. */
export interface QueueCounts {
  readonly ready: number;
  readonly leased: number;
  readonly delayed: number;
  readonly dead: number;
}

/**
 * One place to queue events. The contract of all providers, held by the suite `queueOperatorContract`:
 *
 * - Delivery is at least once. An event that was pushed is delivered until it is committed or dead-lettered.
 * - A topic copies each event to every subscription that exists at the time of the push.
 * - Settling (commit, abandon, dead-letter) after the lease ended must throw `LeaseLost`, never succeed silently.
 * - An event that was pushed before to the same topic or queue, within the provider's window, may be dropped as a
 *   duplicate. `identityOf` names it: events of two sources under one id are two.
 * - Methods throw `BeeHiveError`s. What they retry themselves is a matter of seconds; the loop does the rest.
 *
 * `L` is the provider's own type of lease: `class MyQueues implements QueueOperator<MyLease>` needs no casts.
 */
export interface QueueOperator<L extends Lease = Lease> {
  /**
   * For a provider that is paid by the request: how many events one brings, and for how long, in ms, it pays now to
   * wait until so many can be started. The loop then asks for less only when that time is over.
   */
  gather?(name: QueueName): { readonly events: number; readonly forMs: number };

  /**
   * For a provider whose counts lag behind: whether this process has seen for itself that nothing comes any more from a
   * queue of which the counts say that it is empty. `true` when nobody here reads it.
   */
  quiet?(name: QueueName): Promise<boolean>;

  /** What the provider refuses of these, in words: lengths, characters, leases it cannot give. Empty when all is well. */
  problems(queues: readonly QueueSpec[]): readonly string[];
  /** Makes what is missing; topics before their subscriptions. Idempotent, also when several processes do it at once. */
  ensure(queues: readonly QueueSpec[]): Promise<void>;
  /** Those that do not exist. Needs no right to manage. */
  missing(queues: readonly QueueSpec[]): Promise<readonly QueueName[]>;
  /** Removes a topic with its subscriptions, a subscription or a queue, with all events in it. */
  delete(name: QueueName): Promise<void>;

  /**
   * Publishes events to their `queueName`, not before their `enqueueTime`. Returns how many of them were dropped as
   * duplicates; `undefined` when the provider cannot tell.
   *
   * @throws `QueueNotFound`, `TooLarge`.
   */
  push(events: readonly Event[]): Promise<number | undefined>;
  /** Leases up to `max` events, waiting for the first. The list is the caller's, to be changed. @throws `QueueNotFound`. */
  lease(name: QueueName, request: LeaseRequest): Promise<L[]>;
  /** Extends leases by `leaseMs` from now. Answers for each, in order, whether it is still held. */
  renew(leases: readonly L[], leaseMs: number): Promise<readonly boolean[]>;
  /**
   * Publishes what the step returned and ends the lease: in one atomic step where the provider can, else
   * push, then commit, so that a crash between the two repeats outputs under the same ids.
   */
  commit(lease: L, outputs: readonly Event[]): Promise<void>;
  /** Gives the event back, to be delivered again after a delay. */
  abandon(lease: L, options: AbandonOptions): Promise<void>;
  /**
   * Moves the event to the dead letters of its queue, as a letter with an id of its own: letters of one event id that
   * came before stay.
   */
  deadLetter(lease: L, letter: DeadLetterRecord): Promise<void>;

  /** The subscriptions and queues that are there; only where the provider can tell cheaply. */
  names?(): Promise<readonly QueueName[]>;
  /** Approximate where the cloud only knows approximately. */
  counts(name: QueueName): Promise<QueueCounts>;
  /**
   * When the event that has been ready for the longest happened, in ms since the epoch; `undefined` when none is. Only
   * where the provider can tell cheaply.
   */
  oldest?(name: QueueName): Promise<number | undefined>;
  /**
   * The events that were tried and hold back others of their key, those with most behind them first, 100 at most. Only
   * where the provider can tell cheaply.
   */
  holders?(name: QueueName): Promise<readonly KeyHolder[]>;
  /** The dead letters of a queue or subscription, oldest first. */
  deadLetters(name: QueueName): AsyncIterable<DeadLetter>;
  /**
   * Sends a dead letter back to the one queue or subscription it came from, its attempts forgotten. It goes behind what
   * waits there.
   *
   * @param id that of the letter, or of its event. Of several letters of one event it is one: the oldest, where the
   *   provider knows an order.
   * @throws `NotFound`.
   */
  requeue(name: QueueName, id: string): Promise<void>;
  /** Removes a dead letter for good, chosen as by {@link requeue}. @throws `NotFound`. */
  drop(name: QueueName, id: string): Promise<void>;
}
