import { createHash } from "node:crypto";
import type { ServiceBusMessage, ServiceBusReceivedMessage } from "@azure/service-bus";
import { textIn } from "../../../src/base/bytes.ts";
import { systemClock } from "../../../src/base/clock.ts";
import { isJson } from "../../../src/events/body.ts";
import { attributesOf, cloudEventRecord, cloudEventsJson } from "../../../src/events/cloud-events.ts";
import type { Event, EventProperty, EventRecord } from "../../../src/events/event.ts";
import { identityOf } from "../../../src/events/output-id.ts";
import type { QueueName } from "../../../src/events/queue-name.ts";
import { receivedEvent } from "../../../src/events/unreadable.ts";
import { amqpValueOf } from "../sdk/amqp-types.ts";
import { brokerProperties, countedId, idText, ourText, withBrokerFields } from "./broker-properties.ts";
import { jsonValueOf, propertyFrom } from "./property-values.ts";
import { sessionIdOf } from "./session-id.ts";

/*
 * An event is a CloudEvent in binary mode (cloudevents.io, "AMQP Protocol Binding"): attributes are application
 * properties, the data is the body, the content type is that of the message. Other consumers can read it without
 * BeeHive, and a message of any sender becomes an event.
 */

export type Properties = NonNullable<ServiceBusMessage["applicationProperties"]>;

/** State beside the event, in application properties, which survive copying and dead-lettering. */
export interface RedeliveryState {
  /** The one subscription that a copy is meant for. */
  readonly to?: string | undefined;
  /** In a copy for a retry: the attempts made with the messages before it. */
  readonly attempts?: number | undefined;
  /** The time of the first delivery, in ms since the epoch. */
  readonly firstSeen?: number | undefined;
  /** Deliveries of this message that are no attempts. */
  readonly uncounted?: number | undefined;
  /** The key of a body in the key-value store, which was too large for a message. */
  readonly claim?: string | undefined;
  /** The place in the log of a copy that the log sent, as text. */
  readonly origin?: string | undefined;
  /** True for a message that is no event and wakes a session with a delayed event. */
  readonly wake?: boolean | undefined;
}

const propertyNames: Readonly<Record<keyof RedeliveryState, string>> = {
  to: "beehive_to",
  attempts: "beehive_attempts",
  firstSeen: "beehive_first_seen",
  uncounted: "beehive_uncounted",
  claim: "beehive_claim",
  origin: "beehive_origin",
  wake: "beehive_wake",
};
/** The property of {@link RedeliveryState.to}, for the filters of subscriptions. */
export const addresseeProperty: string = propertyNames.to;

/** On every message that BeeHive sends: whether the body of the event is `text` or `bytes`. */
const bodyKind = "beehive_body";
const prefixes = ["cloudEvents:", "cloudEvents_"] as const;

/** On every message that BeeHive dead-lettered, also after a tool has resubmitted it unchanged. */
export const deadAttemptsProperty = "beehive_dead_attempts";

/** Returns the message of an event. @param id the message id. @default identityOf(event) */
export function toMessage(
  event: Event,
  redelivery: RedeliveryState = {},
  id: string = identityOf(event),
): ServiceBusMessage {
  const record = event.toRecord();
  const properties: Properties = {
    [bodyKind]: typeof record.body === "string" ? "text" : "bytes",
    ...redeliveryProperties(redelivery),
  };
  for (const [name, value] of Object.entries(attributesOf(record)))
    if (name !== "datacontenttype") properties[`${prefixes[0]}${name}`] = value as EventProperty;
  return {
    messageId: id,
    sessionId: sessionIdOf(event),
    body: Buffer.from(record.body as string),
    contentType: record.contentType,
    subject: record.eventType,
    applicationProperties: properties,
    ...(record.correlationId === undefined ? {} : { correlationId: record.correlationId }),
    // Sent as it is: only the clock of the broker decides whether the time has passed.
    ...(record.enqueueTime === undefined ? {} : { scheduledEnqueueTimeUtc: new Date(record.enqueueTime) }),
  };
}

/** Returns the state as application properties. */
export function redeliveryProperties(redelivery: RedeliveryState): Properties {
  const given = Object.entries(redelivery).filter(([, value]) => value !== undefined);
  return Object.fromEntries(
    given.map(([name, value]) => [propertyNames[name as keyof RedeliveryState], value as EventProperty]),
  );
}

/** The latest time of a `Date`. */
const maxTimeMs = 8.64e15;

/** Returns the state that is in the application properties of a message. */
export function redeliveryStateOf({ applicationProperties = {} }: ServiceBusReceivedMessage): RedeliveryState {
  const text = (name: keyof RedeliveryState): string | undefined => ourText(applicationProperties[propertyNames[name]]);
  const number = (name: keyof RedeliveryState): number | undefined => {
    const value = Number(text(name) ?? Number.NaN);
    // Other senders may use properties of the same names.
    return Math.abs(value) <= maxTimeMs ? value : undefined;
  };
  // A dead letter that a tool has resubmitted starts again at its first attempt, like a requeued one.
  const startsAgain = deadAttemptsProperty in applicationProperties;
  return {
    to: text("to"),
    attempts: startsAgain ? undefined : number("attempts"),
    firstSeen: startsAgain ? undefined : number("firstSeen"),
    uncounted: number("uncounted"),
    claim: text("claim"),
    origin: text("origin"),
    wake: text("wake") === "true",
  };
}

/** Returns the change of properties by which the present delivery is no attempt. */
export function uncounted(message: ServiceBusReceivedMessage): Properties {
  return redeliveryProperties({ uncounted: (redeliveryStateOf(message).uncounted ?? 0) + 1 });
}

/**
 * Returns the message id of a copy, always the same for the same message and purpose.
 *
 * A copy that is made again after a crash is dropped as a duplicate. It differs from the id of the message itself,
 * under which the copy would be dropped at once.
 */
export function copyId(...of: readonly unknown[]): string {
  const hex = createHash("sha256").update(of.join("\n")).digest("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** Returns whether a message is a copy for another subscription. A filter made by BeeHive holds such copies back. */
export function isForOthers(message: ServiceBusReceivedMessage, name: QueueName): boolean {
  const { to } = redeliveryStateOf(message);
  return to !== undefined && to !== name.subscription;
}

/**
 * Returns the event of a message. It is a CloudEvent in binary or structured mode, else an event of the message's
 * subject.
 *
 * @param body the body from the key-value store, when it was too large for the message.
 * @throws an error when the message cannot be read, see `readEvent`.
 */
export function eventOf(message: ServiceBusReceivedMessage, queueName: QueueName, body?: Uint8Array): Event {
  const event = binary(message, body) ?? structured(message) ?? plain(message, queueName);
  return receivedEvent({ ...event, queueName: queueName.toString() });
}

function binary(message: ServiceBusReceivedMessage, body: Uint8Array | undefined): EventRecord | undefined {
  const attributes: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(message.applicationProperties ?? {})) {
    const prefix = prefixOf(name);
    if (prefix && value !== null) attributes[name.slice(prefix.length)] = propertyFrom(value);
  }
  if (!("specversion" in attributes)) return undefined;
  const record = tryParse(() => cloudEventRecord(attributes));
  if (!record) return undefined;
  const contentType = message.contentType ?? "application/json";
  const kind = message.applicationProperties?.[bodyKind];
  const asText = kind === undefined ? isText(contentType) : kind === "text";
  const data = body ?? bytesOf(message.body);
  const event = { ...record, contentType, body: bodyOf(data, asText) };
  return kind === undefined ? withBrokerFields(event, message, isOurs) : event;
}

function structured(message: ServiceBusReceivedMessage): EventRecord | undefined {
  if (!message.contentType?.toLowerCase().startsWith(cloudEventsJson)) return undefined;
  const record = tryParse(() => {
    const text = Buffer.from(bytesOf(message.body)).toString();
    return cloudEventRecord(JSON.parse(text), text);
  });
  return record && withBrokerFields(record, message, isOurs);
}

function prefixOf(name: string): string | undefined {
  return prefixes.find((one) => name.startsWith(one));
}

/** Returns whether an application property is one of BeeHive's own, and no property of the event. */
function isRedeliveryProperty(name: string): boolean {
  return name.startsWith("beehive_");
}

function isOurs(name: string): boolean {
  return prefixOf(name) !== undefined || isRedeliveryProperty(name);
}

/** Reads a message of any sender. A malformed CloudEvent is delivered as it is, for the actor to refuse. */
function plain(message: ServiceBusReceivedMessage, queueName: QueueName): EventRecord {
  const data = bytesOf(message.body);
  const contentType = message.contentType ?? (isJsonText(data) ? "application/json" : "application/octet-stream");
  const { messageId, correlationId, partitionKey, sessionId, enqueuedTimeUtc } = message;
  return {
    id: idText(messageId) ?? countedId(queueName, message),
    eventType: message.subject || queueName.topic,
    queueName: queueName.toString(),
    timestamp: enqueuedTimeUtc?.getTime() ?? systemClock.now(),
    contentType,
    body: bodyOf(data, isText(contentType)),
    properties: Object.freeze(brokerProperties(message, isRedeliveryProperty)),
    correlationId: idText(correlationId),
    partitionKey: sessionId ?? partitionKey,
  };
}

/** Returns text as a string, unless it is not UTF-8. */
function bodyOf(data: Uint8Array, asText: boolean): string | Uint8Array {
  return (asText ? textIn(data) : undefined) ?? new Uint8Array(data);
}

/** Returns the bytes of a body, which some senders write as a value of AMQP. */
function bytesOf(body: unknown): Uint8Array {
  if (body instanceof Uint8Array && !amqpValueOf(body)) return body;
  if (body === undefined || body === null) return new Uint8Array();
  return Buffer.from(typeof body === "string" ? body : JSON.stringify(jsonValueOf(body)));
}

function isText(contentType: string): boolean {
  return isJson(contentType) || /^text\/|charset=/i.test(contentType);
}

function isJsonText(data: Uint8Array): boolean {
  return tryParse(() => [JSON.parse(Buffer.from(data).toString())]) !== undefined;
}

function tryParse<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}
