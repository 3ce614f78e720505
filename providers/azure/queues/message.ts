import type { ServiceBusMessage, ServiceBusReceivedMessage } from "@azure/service-bus";
import { amqpValueOf } from "../sdk/amqp-types.ts";
import { systemClock } from "../../../src/base/clock.ts";
import { attributesOf, cloudEventRecord, cloudEventsJson } from "../../../src/events/cloud-events.ts";
import { isJson } from "../../../src/events/body.ts";
import { textIn } from "../../../src/base/bytes.ts";
import type { Event, EventProperty, EventRecord } from "../../../src/events/event.ts";
import { identityOf } from "../../../src/events/identity.ts";
import type { QueueName } from "../../../src/events/queue-name.ts";
import { receivedEvent } from "../../../src/events/unreadable.ts";
import { brokerProperties, countedId, idText, ourText, withBrokerFields } from "./broker-properties.ts";
import { jsonValueOf, propertyFrom } from "./property-values.ts";
import { sessionIdOf } from "./session-id.ts";

/*
 * Events as messages: CloudEvents in binary mode, by their AMQP binding (cloudevents.io, "AMQP Protocol Binding"). The
 * attributes are application properties, the data is the body as it is, the content type is the message's own. Whoever
 * reads a message of ours needs to know nothing of us; and any message of anybody becomes an event.
 */

export type Properties = NonNullable<ServiceBusMessage["applicationProperties"]>;

/** What we say of a message besides its event, in application properties: they survive being copied and moved. */
export interface Markings {
  /** The one subscription of its topic that a copy is for. */
  readonly to?: string | undefined;
  /** Attempts before this message was made, when it is a copy to be retried. */
  readonly attempts?: number | undefined;
  /** When it was first delivered, in ms since the epoch. */
  readonly firstSeen?: number | undefined;
  /** Deliveries of this message that do not count as attempts. */
  readonly uncounted?: number | undefined;
  /** The key of the body in the key-value store, when it was too large to travel. */
  readonly claim?: string | undefined;
  /** It is no event: it wakes a session whose first event waited. */
  readonly wake?: boolean | undefined;
}

const markingNames: Readonly<Record<keyof Markings, string>> = {
  to: "beehive_to",
  attempts: "beehive_attempts",
  firstSeen: "beehive_first_seen",
  uncounted: "beehive_uncounted",
  claim: "beehive_claim",
  wake: "beehive_wake",
};
/** The name of {@link Markings.to}, for the filters of subscriptions. */
export const addresseeProperty: string = markingNames.to;

/** Present on every message of ours, `text` or `bytes`: an event knows which of both its body is. */
const bodyKind = "beehive_body";
const prefixes = ["cloudEvents:", "cloudEvents_"] as const;

/** Present on every message that was dead-lettered by us, also when a tool has sent it back as it was. */
export const deadAttemptsProperty = "beehive_dead_attempts";

/** An event as a message. `id` names the message where it is not what names the event. */
export function toMessage(event: Event, markings: Markings = {}, id: string = identityOf(event)): ServiceBusMessage {
  const record = event.toRecord();
  const { datacontenttype: _, ...attributes } = attributesOf(record);
  const properties: Properties = {
    [bodyKind]: typeof record.body === "string" ? "text" : "bytes",
    ...marked(markings),
  };
  for (const [name, value] of Object.entries(attributes)) properties[`${prefixes[0]}${name}`] = value as EventProperty;
  return {
    messageId: id,
    sessionId: sessionIdOf(event),
    body: Buffer.from(record.body as string),
    contentType: record.contentType,
    subject: record.eventType,
    applicationProperties: properties,
    ...(record.correlationId === undefined ? {} : { correlationId: record.correlationId }),
    // Not compared with any clock of ours: the broker alone says whether that time is past.
    ...(record.enqueueTime === undefined ? {} : { scheduledEnqueueTimeUtc: new Date(record.enqueueTime) }),
  };
}

/** Markings as application properties. */
export function marked(markings: Markings): Properties {
  const given = Object.entries(markings).filter(([, value]) => value !== undefined);
  return Object.fromEntries(
    given.map(([name, value]) => [markingNames[name as keyof Markings], value as EventProperty]),
  );
}

/** The last time that a Date can hold. */
const maxTimeMs = 8.64e15;

/** What we said of a message. */
export function markingsOf({ applicationProperties = {} }: ServiceBusReceivedMessage): Markings {
  const text = (name: keyof Markings): string | undefined => ourText(applicationProperties[markingNames[name]]);
  const number = (name: keyof Markings): number | undefined => {
    const value = Number(text(name) ?? Number.NaN);
    // Anybody may give a message properties of these names.
    return Math.abs(value) <= maxTimeMs ? value : undefined;
  };
  // A dead letter that a tool of Azure sent back begins anew, as one that is requeued does.
  const begins = deadAttemptsProperty in applicationProperties;
  return {
    to: text("to"),
    attempts: begins ? undefined : number("attempts"),
    firstSeen: begins ? undefined : number("firstSeen"),
    uncounted: number("uncounted"),
    claim: text("claim"),
    wake: text("wake") === "true",
  };
}

/** The change to a message by which its present delivery does not count as an attempt. */
export function uncounted(message: ServiceBusReceivedMessage): Properties {
  return marked({ uncounted: (markingsOf(message).uncounted ?? 0) + 1 });
}

/** Whether a copy is for another subscription than `name`, whose filter would have kept it away. */
export function isForOthers(message: ServiceBusReceivedMessage, name: QueueName): boolean {
  const { to } = markingsOf(message);
  return to !== undefined && to !== name.subscription;
}

/**
 * The event that a message is, as it is received from `queueName`: a CloudEvent in binary or structured mode, or, of any
 * other sender, an event of the message's subject with its body. `body` replaces a body that travelled elsewhere.
 */
export function toEvent(message: ServiceBusReceivedMessage, queueName: QueueName, body?: Uint8Array): Event {
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
  const record = attempt(() => cloudEventRecord(attributes));
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
  const record = attempt(() => {
    const text = Buffer.from(bytesOf(message.body)).toString();
    return cloudEventRecord(JSON.parse(text), text);
  });
  return record && withBrokerFields(record, message, isOurs);
}

function prefixOf(name: string): string | undefined {
  return prefixes.find((one) => name.startsWith(one));
}

/** Whether an application property says of a message what is none of its event's. */
function isMarking(name: string): boolean {
  return name.startsWith("beehive_");
}

function isOurs(name: string): boolean {
  return prefixOf(name) !== undefined || isMarking(name);
}

/** A message of any sender. One that claims to be a CloudEvent and is none is taken as it is, for its actor to refuse. */
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
    properties: Object.freeze(brokerProperties(message, isMarking)),
    correlationId: idText(correlationId),
    partitionKey: sessionId ?? partitionKey,
  };
}

/** Text that is none, because it is not UTF-8, stays bytes. */
function bodyOf(data: Uint8Array, asText: boolean): string | Uint8Array {
  return (asText ? textIn(data) : undefined) ?? new Uint8Array(data);
}

/** A body is bytes as a rule; from some senders it is a value of AMQP. */
function bytesOf(body: unknown): Uint8Array {
  if (body instanceof Uint8Array && !amqpValueOf(body)) return body;
  if (body === undefined || body === null) return new Uint8Array();
  return Buffer.from(typeof body === "string" ? body : JSON.stringify(jsonValueOf(body)));
}

function isText(contentType: string): boolean {
  return isJson(contentType) || /^text\/|charset=/i.test(contentType);
}

function isJsonText(data: Uint8Array): boolean {
  return attempt(() => [JSON.parse(Buffer.from(data).toString())]) !== undefined;
}

function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}
