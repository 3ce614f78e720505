import { randomUUID } from "node:crypto";
import { brandAs } from "../base/brand.ts";
import { copyOf } from "../base/bytes.ts";
import type { Clock } from "../base/clock.ts";
import { BeeHiveError } from "../base/errors.ts";
import type { Received } from "../base/json-value.ts";
import {
  CodedBody,
  isEncrypted,
  SharedBody,
  travelling,
  valueOf,
  type EventBody,
  type Body as TravellingBody,
} from "./body.ts";
import { assertRecord, noProperties } from "./event-checks.ts";
import { copiedFields, newFields, type EventFields, type OwnFields } from "./event-fields.ts";
import type { EventDelivery, EventOptions, EventProperty, EventRecord } from "./event-record.ts";
import { inspected, plainEvent, type PlainEvent } from "./event-text.ts";
import { idText, OutputId, type IdSource } from "./output-id.ts";
import { cancelKeyOf, countedFrom, expiryOf, type Lengths } from "./withdrawal.ts";

export type { EventDelivery, EventOptions, EventProperty, EventRecord } from "./event-record.ts";

/** Marks the constructor call that takes checked fields. */
const checkedFields: unique symbol = Symbol("checked fields");

type Changes = Pick<
  Partial<EventFields>,
  | "id"
  | "queueName"
  | "correlationId"
  | "causationId"
  | "properties"
  | "enqueueTime"
  | "partitionKey"
  | "contentType"
  | "body"
>;

/**
 * A fact with a time and a unique id. Immutable.
 *
 * The constructor serialises the body, so that later changes of the object do not change the event.
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
  /** The destination, `Topic-` or `Queue`; of a received event, the subscription that it came from. */
  readonly queueName: string;
  readonly contentType: string;
  readonly url: string | undefined;
  readonly properties: Readonly<Record<string, EventProperty>>;
  readonly correlationId: string | undefined;
  readonly partitionKey: string | undefined;
  readonly delivery: EventDelivery;
  readonly #body: EventBody;
  readonly #timestamp: number;
  readonly #enqueueTime: number | undefined;
  readonly #causationId: IdSource | undefined;
  readonly #lengths: Lengths | undefined;
  #id: IdSource | undefined;
  static {
    // `console.log` calls the method of this name.
    Object.defineProperty(this.prototype, Symbol.for("nodejs.util.inspect.custom"), { value: inspected });
  }
  /** Tells the compiler that an `Event<A>` is not an `Event<B>`. */
  declare protected readonly bodyType?: Body;

  /**
   * @param eventType the fact, in the past tense: `OrderAccepted`. A text, because minifiers rename classes.
   * @param body any value that JSON carries; or text or bytes with a `contentType` of their own. Values that JSON turns
   *   into `{}` throw, such as a `Map`, a `Blob` or a promise, and so do those that it turns into `null`, such as `NaN`.
   *   Bytes within a body throw, too: send them as base64.
   * @throws BeeHiveError `InvalidEvent` for no type, a body that is not JSON, an unknown or wrong option.
   */
  constructor(eventType: string, body?: Body, options?: EventOptions);
  /** @internal */
  constructor(fields: EventFields, mark: typeof checkedFields);
  constructor(type: string | EventFields, body?: unknown, options: EventOptions = {}) {
    const fields = body === checkedFields && typeof type === "object" ? type : newFields(type, body, options);
    this.eventType = fields.eventType;
    this.queueName = fields.queueName;
    this.contentType = fields.contentType;
    this.url = fields.url;
    this.properties = fields.properties ?? noProperties;
    this.correlationId = fields.correlationId;
    this.partitionKey = fields.partitionKey === "" ? undefined : fields.partitionKey;
    this.delivery = fields.delivery ?? "business";
    this.#body = fields.body;
    this.#timestamp = fields.timestamp;
    this.#enqueueTime = fields.enqueueTime;
    this.#causationId = fields.causationId;
    this.#lengths = fields.lengths;
    this.#id = fields.id;
    Object.freeze(this);
  }

  /**
   * Makes an event of plain data, such as {@link toRecord} returns. Checks the texts and copies nothing.
   *
   * @throws BeeHiveError `InvalidEvent`, which names the wrong field.
   */
  static fromRecord(record: EventRecord): Event {
    assertRecord(record);
    return new Event(record, checkedFields);
  }

  /** The unique id; a random UUID by default. */
  get id(): string {
    return idText(this.idSource);
  }

  /** @internal The id, which a copy of this event shares without reading it. */
  get idSource(): IdSource {
    return (this.#id ??= randomUUID());
  }

  /**
   * @internal Whether an atomic step published the event under an id of the hive's.
   *
   * Such a step commits once, so the event is no duplicate of another.
   */
  get isNew(): boolean {
    return this.#id instanceof OutputId;
  }

  /** The id of the event that caused this one. */
  get causationId(): string | undefined {
    return this.#causationId && idText(this.#causationId);
  }

  /**
   * True if {@link id} is fixed: given, received, or read once.
   *
   * The hive gives the outputs of a step deterministic ids, but never changes a fixed id.
   */
  get hasId(): boolean {
    return this.#id !== undefined;
  }

  /** The time of what happened. */
  get timestamp(): Date {
    return new Date(this.#timestamp);
  }

  /** @internal The {@link timestamp} in ms since the epoch. */
  get timestampMs(): number {
    return this.#timestamp;
  }

  /** The earliest delivery; `undefined` means at once. A delay counts from now until the event is published. */
  get enqueueTime(): Date | undefined {
    return this.#enqueueTime === undefined ? undefined : new Date(this.#enqueueTime);
  }

  /** The key by which the event is cancelled, see {@link EventOptions.cancelKey}. */
  get cancelKey(): string | undefined {
    return cancelKeyOf(this.properties);
  }

  /** The time from which the event is of no use; `undefined` when it never expires. */
  get expires(): Date | undefined {
    const time = expiryOf(this.properties);
    return time === undefined ? undefined : new Date(time);
  }

  /** True if readers in this process share the body, see {@link EventOptions.byReference}. */
  get byReference(): boolean {
    return this.#body instanceof SharedBody;
  }

  /** The size of the body in bytes, as it travels. */
  get bodySize(): number {
    const body = this.#serialised;
    return typeof body === "string" ? Buffer.byteLength(body) : body.byteLength;
  }

  /** @internal Returns whether the body has more bytes. Counts them only where the length of the text leaves it open. */
  isLargerThan(maxBytes: number): boolean {
    // A UTF-16 unit takes at most 3 bytes of UTF-8.
    return this.#serialised.length * 3 > maxBytes && this.bodySize > maxBytes;
  }

  /** The body as it travels: JSON text, other text or bytes. {@link getBody} reads it. */
  get body(): string | Uint8Array {
    const body = this.#serialised;
    return typeof body === "string" ? body : copyOf(body);
  }

  get #serialised(): string | Uint8Array {
    return travelling(this.#body);
  }

  /** @internal True if a codec encoded the body, or tried to decode it. */
  get isCoded(): boolean {
    return this.#body instanceof CodedBody;
  }

  /**
   * The body to show to people: decoded where a codec could. An encrypted body stays as it travels.
   *
   * @example
   * const { contentType, body } = event.shownBody;
   */
  get shownBody(): TravellingBody {
    const body = this.#body;
    if (body instanceof CodedBody && body.isDecoded && !isEncrypted(this.contentType)) return body.plain;
    return { contentType: this.contentType, body: this.body };
  }

  /** @internal The content type of the body before a codec encoded it; JSON for a body that cannot be decoded. */
  get plainContentType(): string {
    const body = this.#body;
    if (!(body instanceof CodedBody)) return this.contentType;
    return body.isDecoded ? body.plain.contentType : "application/json";
  }

  /** @internal The body before a codec encoded it. @throws BeeHiveError `BodyUnreadable` when it cannot be decoded. */
  get plainBody(): TravellingBody {
    const body = this.#body;
    return body instanceof CodedBody ? body.plain : { contentType: this.contentType, body: this.#serialised };
  }

  /**
   * Returns the body as a value: parsed JSON, else text or bytes. A new value at each call, unless shared by reference.
   *
   * @throws BeeHiveError `BodyUnreadable` for no body, a body that is not the JSON of its content type, or one that a
   *   codec cannot decode. It dead-letters the event of an actor at once.
   */
  getBody<T = Received<Body>>(): T {
    const body = this.#body;
    if (body instanceof SharedBody) return body.value as T;
    const { contentType, body: plain } =
      body instanceof CodedBody ? body.plain : { contentType: this.contentType, body };
    return valueOf(plain, contentType, (reason) => this.#unreadable(reason)) as T;
  }

  /**
   * Returns a copy with these changes, under a new id by default.
   *
   * New properties replace all but the version of the body, `schemaVersion`, and the expiry. The copy of a received
   * event goes to the topic or queue that it came from. It has no `cancelKey` unless it is given one.
   *
   * @example
   * return [event.clone({ delay: "1m" })];
   */
  clone(changes: EventOptions = {}): Event<Body> {
    return new Event<Body>(copiedFields(this.#fields, changes), checkedFields);
  }

  /** The fields that a copy begins with. A copy does not share the id, so it is not read. */
  get #fields(): OwnFields {
    return {
      eventType: this.eventType,
      queueName: this.queueName,
      timestamp: this.#timestamp,
      contentType: this.contentType,
      body: this.#body,
      url: this.url,
      properties: this.properties,
      enqueueTime: this.#enqueueTime,
      correlationId: this.correlationId,
      causationId: this.#causationId,
      partitionKey: this.partitionKey,
      delivery: this.delivery,
      lengths: this.#lengths,
    };
  }

  /** @internal True for an event without lengths of time that count from its publication. */
  get isCounted(): boolean {
    return this.#lengths === undefined;
  }

  /** @internal Returns the event with its lengths of time counted from now, which is when it is published. */
  counted(clock: Pick<Clock, "now">): Event<Body> {
    const lengths = this.#lengths;
    if (!lengths) return this;
    const times = { enqueueTime: this.#enqueueTime, properties: this.properties };
    return this.with(countedFrom(clock.now(), lengths, times));
  }

  /** @internal Returns the same event with another place, other times, and other ties to events. */
  with(changes: Changes): Event<Body> {
    return new Event<Body>(
      {
        id: changes.id ?? this.idSource,
        eventType: this.eventType,
        queueName: changes.queueName ?? this.queueName,
        timestamp: this.#timestamp,
        contentType: changes.contentType ?? this.contentType,
        body: changes.body ?? this.#body,
        url: this.url,
        properties: changes.properties ?? this.properties,
        enqueueTime: changes.enqueueTime ?? this.#enqueueTime,
        partitionKey: changes.partitionKey ?? this.partitionKey,
        correlationId: changes.correlationId ?? this.correlationId,
        causationId: changes.causationId ?? this.#causationId,
        delivery: this.delivery,
      },
      checkedFields,
    );
  }

  /** Returns the event as plain data, for providers. */
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

  /** Returns the event for `JSON.stringify`, with its body: keep it out of logs. */
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
