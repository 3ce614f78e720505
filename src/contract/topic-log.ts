import type { Event } from "../events/event.ts";
import type { QueueName } from "../events/queue-name.ts";

/** The rule by which a topic keeps events after its subscriptions have read them. */
export interface KeepRule {
  /** The age from which an event may be removed, in ms; `Infinity` keeps it for ever. */
  readonly forMs: number;
  /** The bytes of bodies above which the oldest events are removed. */
  readonly maxBytes: number;
  /** Removes an event once a newer one of its partition key is there. An event without a body ends its key. */
  readonly compact: boolean;
  /** Removes events also while a subscription has not read them. */
  readonly evenUnread: boolean;
}

/**
 * Where a new subscription of a kept topic starts.
 *
 * `now`: at the events to come. `beginning`: at the oldest kept event. `latest-per-key`: at the newest event of each
 * partition key, and all events without one. A date: at the first event published then or later. A number: a position.
 */
export type StartPosition = "now" | "beginning" | "latest-per-key" | Date | number;

/** An event of a kept topic. */
export interface KeptEvent {
  /** Counts the events of the topic from 0, without gaps, in the order of their commits. */
  readonly position: number;
  /** The time of its publication, in ms since the epoch. Never less than that of an earlier position. */
  readonly published: number;
  readonly event: Event;
}

/** The positions of a topic. */
export interface LogRange {
  /** The position of the oldest kept event; `next` when none is kept. */
  readonly first: number;
  /** The position of the next event to come. */
  readonly next: number;
}

/** A part of a topic to read. */
export interface LogRequest {
  /** The position of the first event. */
  readonly from: number;
  /** The most events to return. */
  readonly limit: number;
  /** Returns events of this partition key only. */
  readonly key?: string | undefined;
}

/** The position of a subscription in its topic. */
export interface LogPosition {
  /** The position of the next event to lease; events before it that are not settled yet are in the queue. */
  readonly position: number;
  /** Events behind it, up to the newest, those of the queue included. */
  readonly behind: number;
  /** The time when the oldest event behind it was published, in ms since the epoch; `undefined` when none is. */
  readonly oldest: number | undefined;
}

/** The fate of outputs of replayed events. `publish` gives them ids of their own, `drop` discards them. */
export type ReplayedOutputs = "drop" | "publish";

/** A store that a rewind empties; a counter with the keys of its `once`. */
export interface ClearedStore {
  readonly kind: "collection" | "keyed list" | "key-value" | "counter";
  readonly name: string;
}

/** Marks an event that a rewind delivers again. */
export interface Replayed {
  readonly position: number;
  /** Counts the rewinds of the subscription from 1. */
  readonly rewind: number;
  readonly outputs: ReplayedOutputs;
}

/**
 * The kept events of topics. The suite `topicLogContract` tests it.
 *
 * A topic is kept once a {@link QueueSpec} with a rule was ensured. Its events stay readable after they were consumed.
 *
 * Methods throw `QueueNotFound` for a topic or subscription that does not exist, `InvalidState` for one that is not
 * kept.
 */
export interface TopicLog {
  /** Returns the topics that keep their events. */
  topics(): Promise<readonly QueueName[]>;
  /** Returns the positions of a topic. */
  range(topic: QueueName): Promise<LogRange>;
  /** Returns the position of the first event published at `time` or later; the next position when there is none. */
  positionAt(topic: QueueName, time: number): Promise<number>;
  /** Returns kept events in the order of their positions. Fewer than the limit: there are no more now. */
  read(topic: QueueName, request: LogRequest): Promise<readonly KeptEvent[]>;
  /** Resolves when `position` may be there, after `waitMs`, or when the signal aborts. */
  wait(topic: QueueName, position: number, waitMs: number, signal: AbortSignal): Promise<void>;
  /** Returns where a subscription is. */
  position(subscription: QueueName): Promise<LogPosition>;
  /**
   * Moves a subscription to a position, in one atomic act.
   *
   * Its unsettled events leave the queue, and their leases are lost. Dead letters stay. Events up to the newest are
   * delivered as {@link Replayed}.
   *
   * @param clear Stores that are emptied in the same act; only with {@link countItems}. @default None.
   */
  rewind(
    subscription: QueueName,
    to: StartPosition,
    outputs: ReplayedOutputs,
    clear?: readonly ClearedStore[],
  ): Promise<void>;
  /**
   * Returns how many items a store holds.
   *
   * Only where the stores are in one place with the log, so that a rewind can empty them.
   */
  countItems?(store: ClearedStore): Promise<number>;
  /**
   * Appends events of a backup at their positions, which ascend from the next one or later, in one atomic act.
   *
   * No subscription of the topic gets them, unless it is rewound: all go on with the events to come. Only where the
   * provider gives the positions.
   *
   * @throws `InvalidState` when a position is taken, or when a subscription has events before them in the log.
   */
  restore?(topic: QueueName, events: readonly KeptEvent[]): Promise<void>;
  /**
   * Writes the log of topics until the signal aborts; the hive that keeps them calls it. Never rejects.
   *
   * Only where the provider does not write the log with the events.
   */
  archive?(topics: readonly QueueName[], signal: AbortSignal): Promise<void>;
  /** Removes what the rules of the topics no longer keep. Providers do so by themselves now and then. */
  trim(): Promise<void>;
}
