import type { Received } from "../base/json-value.ts";
import { randomUUID } from "node:crypto";
import { brandAs } from "../base/brand.ts";
import { contentTypeOf, isJson, serialise, share, SharedBody } from "./body.ts";
import { copyOf, textIn } from "../base/bytes.ts";
import { systemClock } from "../base/clock.ts";
import { BeeHiveError } from "../base/errors.ts";
import {
  assertKnownOptions,
  assertRecord,
  checkedDelivery,
  checkedHeader,
  checkedLine,
  checkedProperties,
  checkedText,
  checkedTime,
  invalid,
  noProperties,
  withoutMark,
} from "./event-checks.ts";
import type { EventDelivery, EventOptions, EventProperty, EventRecord } from "./event-record.ts";
import { inspected, plainEvent, type PlainEvent } from "./event-text.ts";
import { keepingVersion } from "./event-version.ts";
import { jsonErrorPlace } from "../base/json-error.ts";
import { QueueName } from "./queue-name.ts";

export type { EventDelivery, EventOptions, EventProperty, EventRecord } from "./event-record.ts";

/** Marks a record that was checked: nothing else is taken for one. */
const asRecord: unique symbol = Symbol("record");

/** A record whose id is still to be made, and whose body may be shared. */
type UnnamedRecord = Omit<EventRecord, "id" | "body"> & {
  readonly id?: string | undefined;
  readonly body: string | Uint8Array | SharedBody;
};

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
  readonly delivery: EventDelivery;
  readonly #body: string | Uint8Array | SharedBody;
  readonly #timestamp: number;
  readonly #enqueueTime: number | undefined;
  #id: string | undefined;
  static {
    // By this name `console.log` asks an object for its text.
    Object.defineProperty(this.prototype, Symbol.for("nodejs.util.inspect.custom"), { value: inspected });
  }
  /** Only there for the compiler: an `Event<A>` is not an `Event<B>`. */
  declare protected readonly bodyType?: Body;

  /**
   * @param eventType what happened, in the past tense: `OrderAccepted`. Always given, never taken from a
   *   class, because minifiers rename classes.
   * @param body anything that `JSON.stringify` carries, class instances too; or text or bytes with a
   *   `contentType` of their own. What JSON makes `{}` of, such as a `Map`, a `Blob` or a promise, is refused, also
   *   within a body; so are bytes within a body, which JSON has no form for: send them as base64.
   * @throws BeeHiveError `InvalidEvent` when it could not be delivered: no type, a body that is not JSON, an option that
   *   is not known or not what it must be.
   */
  constructor(eventType: string, body?: Body, options?: EventOptions);
  /** @internal */
  constructor(record: UnnamedRecord, mark: typeof asRecord);
  constructor(type: string | UnnamedRecord, body?: unknown, options: EventOptions = {}) {
    if (body === asRecord && typeof type === "object") {
      this.eventType = type.eventType;
      this.queueName = type.queueName;
      this.contentType = type.contentType;
      this.url = type.url;
      this.properties = type.properties ?? noProperties;
      this.correlationId = type.correlationId;
      this.causationId = type.causationId;
      this.partitionKey = type.partitionKey === "" ? undefined : type.partitionKey;
      this.delivery = type.delivery ?? "business";
      this.#body = type.body;
      this.#timestamp = type.timestamp;
      this.#enqueueTime = type.enqueueTime;
      this.#id = type.id;
    } else {
      assertKnownOptions(options);
      const eventType = (this.eventType = checkedHeader("eventType", type));
      this.queueName = options.queueName === undefined ? defaultQueueName(eventType) : destination(options.queueName);
      this.contentType = checkedLine("contentType", options.contentType) ?? contentTypeOf(body);
      this.url = checkedText("url", options.url);
      this.properties = checkedProperties(options.properties);
      this.correlationId = checkedText("correlationId", options.correlationId);
      this.causationId = checkedText("causationId", options.causationId);
      this.partitionKey = checkedLine("partitionKey", options.partitionKey);
      this.delivery = checkedDelivery(options.delivery);
      this.#body = options.byReference
        ? share(eventType, body, this.contentType)
        : serialise(eventType, body, this.contentType);
      this.#timestamp = checkedTime("timestamp", options.timestamp) ?? systemClock.now();
      this.#enqueueTime = checkedTime("enqueueTime", options.enqueueTime);
      this.#id = options.id === undefined ? undefined : checkedHeader("id", options.id);
    }
    Object.freeze(this);
  }

  /**
   * Makes an event of plain data, such as {@link toRecord} returns. Its texts are checked; nothing is copied.
   *
   * @throws BeeHiveError `InvalidEvent` that names the field that no event can have.
   */
  static fromRecord(record: EventRecord): Event {
    assertRecord(record);
    return new Event(record, asRecord);
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
    return typeof body === "string" ? body : copyOf(body);
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
    const text = typeof body === "string" ? body : textIn(body);
    if (text === undefined)
      throw this.#unreadable(`its content type is ${this.contentType} and its bytes are not UTF-8`);
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
    assertKnownOptions(changes);
    const { queueName, properties, timestamp, byReference } = changes;
    const { contentType, url, correlationId, causationId, partitionKey, delivery } = changes;
    return new Event<Body>(
      {
        id: changes.id === undefined ? undefined : checkedHeader("id", changes.id),
        eventType: this.eventType,
        queueName: queueName === undefined ? origin(this.queueName) : destination(queueName),
        timestamp: checkedTime("timestamp", timestamp) ?? this.#timestamp,
        contentType: checkedLine("contentType", contentType) ?? this.contentType,
        body: byReference === false ? this.#serialised : this.#body,
        url: url === undefined ? this.url : checkedText("url", url),
        properties:
          properties === undefined ? withoutMark(this.properties) : checkedProperties(keepingVersion(this, properties)),
        enqueueTime: "enqueueTime" in changes ? checkedTime("enqueueTime", changes.enqueueTime) : this.#enqueueTime,
        correlationId: correlationId === undefined ? this.correlationId : checkedText("correlationId", correlationId),
        causationId: causationId === undefined ? this.causationId : checkedText("causationId", causationId),
        partitionKey: partitionKey === undefined ? this.partitionKey : checkedLine("partitionKey", partitionKey),
        delivery: delivery === undefined ? this.delivery : checkedDelivery(delivery),
      },
      asRecord,
    );
  }

  /** @internal The same event as the hive passes it on: where it is now, and what ties it to others. */
  with(
    changes: Pick<Partial<EventRecord>, "id" | "queueName" | "correlationId" | "causationId" | "properties">,
  ): Event<Body> {
    return new Event<Body>(
      {
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
      },
      asRecord,
    );
  }

  /** The event as plain data, for providers. */
  toRecord(): EventRecord {
    return {
      id: this.id,
      eventType: this.eventType,
      queueName: this.queueName,
      timestamp: this.#timestamp,
      contentType: this.contentType,
      body: this.#serialised,
      url: this.url,
      properties: this.properties,
      enqueueTime: this.#enqueueTime,
      correlationId: this.correlationId,
      causationId: this.causationId,
      partitionKey: this.partitionKey,
      delivery: this.delivery,
    };
  }

  /** The event for `JSON.stringify`, its body included: keep it out of logs where bodies are secret. */
  toJSON(): PlainEvent {
    return plainEvent(this.toRecord());
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
  if (typeof queueName !== "string") throw invalid("the queueName of an event must be a text");
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
