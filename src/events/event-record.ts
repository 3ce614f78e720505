/** What a property of an event may be; every provider carries these three. */
export type EventProperty = string | number | boolean;

/**
 * All that can be said of an event besides its type and body. Another option, or one of another type, is refused with
 * `InvalidEvent`; so is a text with NUL or half of a surrogate pair, which no provider could carry.
 */
export interface EventOptions {
  /** Unique; a random UUID unless given. An id that an actor sets is kept when the event is published. */
  readonly id?: string | undefined;
  /** Where it goes: `Topic-` or `Queue`. The topic named like the event type unless given. */
  readonly queueName?: string | undefined;
  /** When it happened; now unless given. */
  readonly timestamp?: Date | undefined;
  /** `application/json` unless given. With another type the body is text or bytes, taken as it is. */
  readonly contentType?: string | undefined;
  /** Where the body, or more of it, can be fetched. Empty text is none, here and in the three texts below. */
  readonly url?: string | undefined;
  readonly properties?: Readonly<Record<string, EventProperty>> | undefined;
  /** Deliver not before this time, a `Date`; a time that is past means now. */
  readonly enqueueTime?: Date | undefined;
  /** What ties all events of one business process together; inherited by what an actor returns. */
  readonly correlationId?: string | undefined;
  /** The id of the event that led to this one; set by the hive. */
  readonly causationId?: string | undefined;
  /**
   * Events of one key are handled in order by a subscription that is `ordered`. Empty text is no key: such events have
   * no order among them, on every provider.
   */
  readonly partitionKey?: string | undefined;
  /** `business` unless given. */
  readonly delivery?: EventDelivery | undefined;
  /**
   * Whether readers in this process get the very object that was given, not a copy: nothing is serialised unless the
   * event leaves the process. Whoever changes it changes it for everybody, so this is for values that nobody changes.
   */
  readonly byReference?: boolean | undefined;
}

/**
 * How much an event matters. A `business` event is durable: the step that returns it succeeds only with it. A
 * `log` event is fire and forget: it is sent after the step has committed, never delays it, and may be lost.
 */
export type EventDelivery = "business" | "log";

/** An event as plain data, as providers keep it. Times are milliseconds since the epoch. */
export interface EventRecord {
  readonly id: string;
  readonly eventType: string;
  readonly queueName: string;
  readonly timestamp: number;
  readonly contentType: string;
  /** JSON text, other text, or bytes: `contentType` says which. Empty text means no body. */
  readonly body: string | Uint8Array;
  readonly url?: string | undefined;
  readonly properties?: Readonly<Record<string, EventProperty>> | undefined;
  readonly enqueueTime?: number | undefined;
  readonly correlationId?: string | undefined;
  readonly causationId?: string | undefined;
  readonly partitionKey?: string | undefined;
  readonly delivery?: EventDelivery | undefined;
}
