import type { Received } from "./received.ts";
import { randomUUID } from "node:crypto";
import { brandAs } from "./brand.ts";
import { contentTypeOf, isJson, serialise, share, SharedBody } from "./body.ts";
import { systemClock } from "./clock.ts";
import { BeeHiveError } from "./errors.ts";
import { keepingVersion } from "./event-version.ts";
import { jsonErrorPlace } from "./json-error.ts";
import { QueueName } from "./queue-name.ts";

/** What a property of an event may be; every provider carries these three. */
export type EventProperty = string | number | boolean;

/** All that can be said of an event besides its type and body. */
export interface EventOptions {
  /** Unique; a random UUID unless given. An id that an actor sets is kept when the event is published. */
  readonly id?: string | undefined;
  /** Where it goes: `Topic-` or `Queue`. The topic named like the event type unless given. */
  readonly queueName?: string | undefined;
  /** When it happened; now unless given. */
  readonly timestamp?: Date | undefined;
  /** `application/json` unless given. With another type the body is text or bytes, taken as it is. */
  readonly contentType?: string | undefined;
  /** Where the body, or more of it, can be fetched. */
  readonly url?: string | undefined;
  readonly properties?: Readonly<Record<string, EventProperty>> | undefined;
  /** Deliver not before this time; a time that is past means now. */
  readonly enqueueTime?: Date | undefined;
  /** What ties all events of one business process together; inherited by what an actor returns. */
  readonly correlationId?: string | undefined;
  /** The id of the event that led to this one; set by the hive. */
  readonly causationId?: string | undefined;
  /** Events of one key are handled in order by a subscription that is `ordered`. */
  readonly partitionKey?: string | undefined;
  /** `business` unless given. */
  readonly delivery?: Delivery | undefined;
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
export type Delivery = "business" | "log";

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
  readonly delivery?: Delivery | undefined;
}

/** A record whose id is still to be made, and whose body may be shared. */
type UnnamedRecord = Omit<EventRecord, "id" | "body"> & {
  readonly id?: string | undefined;
  readonly body: string | Uint8Array | SharedBody;
};

const none: Readonly<Record<string, EventProperty>> = Object.freeze({});

/**
 * A fact: time-stamped, uniquely named and immutable. The body is serialised when the event is made,
 * so what happens to the object afterwards changes nothing.
 *
 * ```ts
 * new Event("OrderAccepted", { orderId: "1" });                              // to the topic OrderAccepted-
 * new Event("OrderAccepted", order, { queueName: "Orders", partitionKey: order.id }); // to a simple queue
 * ```
 */
export class Event<Body = unknown> {
  static {
    brandAs("Event", this);
  }

  readonly eventType: string;
  /** Where it goes (`Topic-`, `Queue`) or, for an event that was received, the subscription it came from. */
  readonly queueName: string;
  readonly contentType: string;
  readonly url: string | undefined;
  readonly properties: Readonly<Record<string, EventProperty>>;
  readonly correlationId: string | undefined;
  readonly causationId: string | undefined;
  readonly partitionKey: string | undefined;
  readonly delivery: Delivery;
  readonly #body: string | Uint8Array | SharedBody;
  readonly #timestamp: number;
  readonly #enqueueTime: number | undefined;
  #id: string | undefined;
  /** Only there for the compiler: an `Event<A>` is not an `Event<B>`. */
  declare protected readonly bodyType?: Body;

  /**
   * @param eventType what happened, in the past tense: `OrderAccepted`. Always given, never taken from a
   *   class, because minifiers rename classes.
   * @param body anything that `JSON.stringify` takes, class instances too; or text or bytes with a
   *   `contentType` of their own.
   * @throws BeeHiveError `InvalidEvent` when it could not be delivered: no type, a body that is not JSON.
   */
  constructor(eventType: string, body?: Body, options?: EventOptions);
  /** @internal */
  constructor(record: UnnamedRecord);
  constructor(type: string | UnnamedRecord, body?: Body, options: EventOptions = {}) {
    if (typeof type === "object") {
      this.eventType = type.eventType;
      this.queueName = type.queueName;
      this.contentType = type.contentType;
      this.url = type.url;
      this.properties = type.properties ?? none;
      this.correlationId = type.correlationId;
      this.causationId = type.causationId;
      this.partitionKey = type.partitionKey;
      this.delivery = type.delivery ?? "business";
      this.#body = type.body;
      this.#timestamp = type.timestamp;
      this.#enqueueTime = type.enqueueTime;
      this.#id = type.id;
    } else {
      this.eventType = checkedText("eventType", type);
      this.queueName = options.queueName === undefined ? defaultQueueName(type) : destination(options.queueName);
      this.contentType = options.contentType ?? contentTypeOf(body);
      this.url = options.url;
      this.properties = checkedProperties(options.properties);
      this.correlationId = options.correlationId;
      this.causationId = options.causationId;
      this.partitionKey = checkedKey(options.partitionKey);
      this.delivery = options.delivery ?? "business";
      this.#body = options.byReference ? share(type, body, this.contentType) : serialise(type, body, this.contentType);
      this.#timestamp = checkedTime("timestamp", options.timestamp) ?? systemClock.now();
      this.#enqueueTime = checkedTime("enqueueTime", options.enqueueTime);
      this.#id = options.id === undefined ? undefined : checkedText("id", options.id);
    }
    Object.freeze(this);
  }

  /** An event from plain data, as a provider received it. Nothing is checked or copied. */
  static fromRecord(record: EventRecord): Event {
    return new Event(record);
  }

  /** A random UUID unless one was given. */
  get id(): string {
    return (this.#id ??= randomUUID());
  }

  /**
   * Whether {@link id} is fixed: given, received, or read once. The hive gives the outputs of a step
   * deterministic ids, but never changes an id that somebody may have seen.
   */
  get hasId(): boolean {
    return this.#id !== undefined;
  }

  /** When it happened. */
  get timestamp(): Date {
    return new Date(this.#timestamp);
  }

  /** Not to be delivered before this time; `undefined` means at once. */
  get enqueueTime(): Date | undefined {
    return this.#enqueueTime === undefined ? undefined : new Date(this.#enqueueTime);
  }

  /** Whether the body is shared by its readers in this process, see {@link EventOptions.byReference}. */
  get byReference(): boolean {
    return this.#body instanceof SharedBody;
  }

  /** The size of the body in bytes, as it travels. */
  get bodySize(): number {
    const body = this.#serialised;
    return typeof body === "string" ? Buffer.byteLength(body) : body.byteLength;
  }

  /** The body as it travels: JSON text, other text or bytes. {@link getBody} reads it. */
  get body(): string | Uint8Array {
    const body = this.#serialised;
    return typeof body === "string" ? body : body.slice();
  }

  get #serialised(): string | Uint8Array {
    return this.#body instanceof SharedBody ? this.#body.text : this.#body;
  }

  /**
   * The body as a value: parsed when the content type is JSON, else text or bytes. A fresh one at each call, unless it
   * is handed on by reference.
   *
   * @throws BeeHiveError `BodyUnreadable` when there is no body or it is not the JSON that it claims to be.
   *   Thrown in an actor, it sends the event to the dead letters at once.
   */
  getBody<T = Received<Body>>(): T {
    const body = this.#body;
    if (body instanceof SharedBody) return body.value as T;
    if (body.length === 0) throw this.#unreadable("it has no body");
    if (!isJson(this.contentType)) return this.body as T;
    const text = typeof body === "string" ? body : new TextDecoder().decode(body);
    try {
      return JSON.parse(text) as T;
    } catch {
      // The error of JSON.parse quotes the text; bodies do not belong in errors, so it is not kept as the cause.
      throw this.#unreadable(`it is not JSON, wrong ${jsonErrorPlace(text) ?? "somewhere"}`);
    }
  }

  /**
   * A copy with these changes, under a new id unless they name one. Properties that are given replace all but the version
   * of the body, `schemaVersion`. The copy of an event that was received goes to
   * the topic, or queue, that it came from.
   */
  clone(changes: EventOptions = {}): Event<Body> {
    const { timestamp, enqueueTime, queueName, properties, id, byReference, ...rest } = changes;
    checkedKey(rest.partitionKey);
    return new Event<Body>({
      ...this.#record(undefined, this.#body),
      ...(definedOnly(rest) as object),
      ...(id === undefined ? {} : { id: checkedText("id", id) }),
      queueName: queueName === undefined ? origin(this.queueName) : destination(queueName),
      ...(properties === undefined ? {} : { properties: checkedProperties(keepingVersion(this, properties)) }),
      ...(timestamp === undefined ? {} : { timestamp: checkedTime("timestamp", timestamp) as number }),
      ...("enqueueTime" in changes ? { enqueueTime: checkedTime("enqueueTime", enqueueTime) } : {}),
      ...(byReference === false ? { body: this.#serialised } : {}),
    });
  }

  /** @internal The same event as the hive passes it on: where it is now, and what ties it to others. */
  with(
    changes: Pick<Partial<EventRecord>, "id" | "queueName" | "correlationId" | "causationId" | "properties">,
  ): Event<Body> {
    return new Event<Body>({
      id: changes.id ?? this.id,
      eventType: this.eventType,
      queueName: changes.queueName ?? this.queueName,
      timestamp: this.#timestamp,
      contentType: this.contentType,
      body: this.#body,
      url: this.url,
      properties: changes.properties ?? this.properties,
      enqueueTime: this.#enqueueTime,
      correlationId: changes.correlationId ?? this.correlationId,
      causationId: changes.causationId ?? this.causationId,
      partitionKey: this.partitionKey,
      delivery: this.delivery,
    });
  }

  /** The event as plain data, for providers. */
  toRecord(): EventRecord {
    return this.#record(this.id, this.#serialised);
  }

  /** Written out: spreading one object into another took longer than all else that is done to write an event. */
  #record<I extends string | undefined, B>(id: I, body: B): Omit<EventRecord, "id" | "body"> & { id: I; body: B } {
    return {
      id,
      eventType: this.eventType,
      queueName: this.queueName,
      timestamp: this.#timestamp,
      contentType: this.contentType,
      body,
      url: this.url,
      properties: this.properties,
      enqueueTime: this.#enqueueTime,
      correlationId: this.correlationId,
      causationId: this.causationId,
      partitionKey: this.partitionKey,
      delivery: this.delivery,
    };
  }

  #unreadable(reason: string): BeeHiveError {
    return new BeeHiveError(
      "BodyUnreadable",
      `The body of the event ${this.eventType} ${this.id} cannot be read: ${reason}.`,
    );
  }
}

function defaultQueueName(eventType: string): string {
  if (/^\w+$/.test(eventType)) return `${eventType}-`;
  throw invalid(
    `no topic can be named like the event type "${eventType}"; give a queueName (letters, digits and underscores, then a hyphen)`,
  );
}

function destination(queueName: string): string {
  const name = QueueName.parse(queueName);
  if (name.kind === "subscription") {
    throw new BeeHiveError(
      "InvalidQueueName",
      `"${queueName}" is a subscription; events are published to its topic, "${name.topic}-".`,
    );
  }
  return name.toString();
}

/** Where it was published; an event that was made from what said nothing of it has none. */
function origin(queueName: string): string {
  return queueName === "" ? "" : String(QueueName.parse(queueName).destination);
}

/** Ids and types travel in headers of every provider: printable, and short enough for all of them. */
function checkedText(what: string, text: string): string {
  if (typeof text !== "string" || text.length === 0)
    throw invalid(`the ${what} of an event must be a text that is not empty`);
  if (text.length > 128)
    throw invalid(`the ${what} of an event has ${text.length} characters; at most 128 are carried`);
  // oxlint-disable-next-line no-control-regex -- control characters are what is refused
  if (/[\u0000-\u001f\u007f]/.test(text)) throw invalid(`the ${what} of an event must not hold control characters`);
  return text;
}

function checkedKey(key: string | undefined): string | undefined {
  // oxlint-disable-next-line no-control-regex -- control characters are what is refused
  if (key !== undefined && /[\u0000-\u001f\u007f]/.test(key))
    throw invalid("the partitionKey of an event must not hold control characters");
  return key;
}

function checkedTime(what: string, time: Date | undefined): number | undefined {
  const ms = time?.getTime();
  if (Number.isNaN(ms)) throw invalid(`the ${what} of an event must be a valid date`);
  return ms;
}

function checkedProperties(properties: EventOptions["properties"]): Readonly<Record<string, EventProperty>> {
  if (properties === undefined) return none;
  for (const [name, value] of Object.entries(properties)) {
    if (typeof value !== "string" && typeof value !== "boolean" && !Number.isFinite(value)) {
      throw invalid(`the property "${name}" of an event must be a text, a finite number or a boolean`);
    }
  }
  return Object.freeze({ ...properties });
}

function definedOnly<T extends object>(value: T): Partial<T> {
  return Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined)) as Partial<T>;
}

function invalid(reason: string): BeeHiveError {
  return new BeeHiveError("InvalidEvent", `Not an event: ${reason}.`);
}
