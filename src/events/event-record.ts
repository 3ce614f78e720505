import type { Duration } from "../base/duration.ts";

/** The value of an event's property. Every provider carries these three types. */
export type EventProperty = string | number | boolean;

/**
 * The options of an event. Unknown options and wrong types throw `InvalidEvent`.
 *
 * So do texts with NUL or half of a surrogate pair, which no provider can carry.
 *
 * @example
 * new Event("OrderAccepted", order, { partitionKey: order.id, delay: "1m" });
 */
export interface EventOptions {
  /**
   * The unique id. The hive publishes an event under the id that an actor gave it.
   *
   * @default a random UUID
   */
  readonly id?: string | undefined;
  /**
   * The destination: `Topic-` or `Queue`.
   *
   * @default the topic named like the event type
   */
  readonly queueName?: string | undefined;
  /** The time of what happened. @default now */
  readonly timestamp?: Date | undefined;
  /**
   * The media type of the body. Except for JSON the body is text or bytes, kept as they are.
   *
   * @default "application/json"; "application/octet-stream" for bytes
   */
  readonly contentType?: string | undefined;
  /** The address of the body, or of more of it. Empty text counts as none, as in the ids below. */
  readonly url?: string | undefined;
  /** Metadata beside the body. */
  readonly properties?: Readonly<Record<string, EventProperty>> | undefined;
  /** The earliest delivery. A past time means now. */
  readonly enqueueTime?: Date | undefined;
  /**
   * The time from the publication to the earliest delivery, in place of `enqueueTime`.
   *
   * The clock of the hive counts, so that a test can advance it. @default None.
   */
  readonly delay?: Duration | undefined;
  /** The id of the business process. Events that an actor returns inherit it. */
  readonly correlationId?: string | undefined;
  /** The id of the event that caused this one. The hive sets it. */
  readonly causationId?: string | undefined;
  /**
   * The key of order. An `ordered` subscription handles events of one key one after the other.
   *
   * Empty text is no key: such events have no order among them.
   */
  readonly partitionKey?: string | undefined;
  /** The durability of the event. @default "business" */
  readonly delivery?: EventDelivery | undefined;
  /**
   * Shares the body with readers in this process instead of copying it. For values that never change.
   *
   * The body is serialised only if the event leaves the process.
   *
   * @default false
   */
  readonly byReference?: boolean | undefined;
  /**
   * The key by which the event is cancelled while it waits, such as `hold-17`; several events may share one.
   *
   * See `hive.cancel` and `context.cancel`. Copies of the event do not inherit it. A topic that keeps its
   * events refuses it.
   */
  readonly cancelKey?: string | undefined;
  /**
   * The time from which the event is of no use. An event that is delivered later is dropped, with the outcome `expired`.
   *
   * A length of time counts from the end of the delay, or else from `enqueueTime`, `timestamp` or the publication.
   */
  readonly expires?: Date | Duration | undefined;
}

/**
 * The durability of an event.
 *
 * - `business`: durable. The step that returns it succeeds only together with it.
 * - `log`: fire and forget. Sent after the commit of the step, never delays it, and may be lost.
 */
export type EventDelivery = "business" | "log";

/** An event as plain data, for providers. Times are in ms since the epoch. */
export interface EventRecord {
  readonly id: string;
  readonly eventType: string;
  readonly queueName: string;
  readonly timestamp: number;
  readonly contentType: string;
  /** JSON text, other text or bytes, by the `contentType`. Empty text is no body. */
  readonly body: string | Uint8Array;
  readonly url?: string | undefined;
  readonly properties?: Readonly<Record<string, EventProperty>> | undefined;
  readonly enqueueTime?: number | undefined;
  readonly correlationId?: string | undefined;
  readonly causationId?: string | undefined;
  readonly partitionKey?: string | undefined;
  readonly delivery?: EventDelivery | undefined;
}
