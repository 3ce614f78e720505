import type { Event, EventProperty } from "../../../src/events/event.ts";
import { memberText } from "../../../src/events/json-source.ts";
import type { QueueName } from "../../../src/events/queue-name.ts";
import { receivedEvent } from "../../../src/events/unreadable.ts";
import { attributesOfSns, type Attributes } from "./attributes.ts";
import { noticeIn } from "./notices.ts";

/*
 * Reads messages of AWS services as events. They are SNS envelopes (subscriptions without raw delivery), EventBridge
 * events, notifications of S3, and notices. All their fields beside the body become properties.
 */

/** The facts about a message beside its body. */
export interface MessageOrigin {
  /** The id of the event when its body has none. */
  readonly id: string;
  readonly queueName: QueueName;
  /** In ms since the epoch. */
  readonly sentAt: number;
  readonly partitionKey: string | undefined;
  /** Attributes of the sender. */
  readonly attributes?: Attributes | undefined;
}

/** Reads the event in the body of a message. */
type Read = (body: string, origin: MessageOrigin) => Event;

/**
 * Returns the event in a message of a known shape, `undefined` for others.
 *
 * @param read reads the message inside an envelope.
 */
export function foreignEvent(value: unknown, body: string, origin: MessageOrigin, read: Read): Event | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const message = value as Readonly<Record<string, unknown>>;
  return (
    fromSns(message, origin, read) ??
    fromEventBridge(message, body, origin) ??
    fromS3(message, body, origin) ??
    fromNotice(message, body, origin)
  );
}

/** Returns the message inside the envelope. */
function fromSns(message: Readonly<Record<string, unknown>>, origin: MessageOrigin, read: Read): Event | undefined {
  const { Type, Message, MessageId, TopicArn, Subject, Timestamp, MessageAttributes } = message;
  if (Type !== "Notification" || typeof Message !== "string" || typeof TopicArn !== "string") return undefined;
  const inner = read(Message, {
    ...origin,
    id: text(MessageId) ?? origin.id,
    sentAt: timeOf(Timestamp) ?? origin.sentAt,
    attributes: { ...attributesOfSns(MessageAttributes), ...origin.attributes },
  });
  return withProperties(inner, properties({ subject: Subject, topicArn: TopicArn }));
}

/** https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-events-structure.html */
function fromEventBridge(
  message: Readonly<Record<string, unknown>>,
  body: string,
  { id, queueName, sentAt, partitionKey }: MessageOrigin,
): Event | undefined {
  const { "detail-type": type, detail, source, time, id: ownId, resources, version: _, ...others } = message;
  if (typeof type !== "string" || typeof source !== "string" || detail === undefined) return undefined;
  const named = Array.isArray(resources) && resources.length > 0 ? JSON.stringify(resources) : undefined;
  return receivedEvent({
    id: text(ownId) ?? id,
    eventType: type,
    queueName: String(queueName),
    timestamp: timeOf(time) ?? sentAt,
    contentType: "application/json",
    body: memberText(body, "detail") ?? "",
    properties: properties({ ...others, source, resources: named }),
    partitionKey,
  });
}

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html */
function fromS3(
  message: Readonly<Record<string, unknown>>,
  body: string,
  { id, queueName, sentAt, partitionKey }: MessageOrigin,
): Event | undefined {
  const records: unknown = message["Records"];
  const first = (Array.isArray(records) ? records[0] : undefined) as S3Record | undefined;
  if (first?.eventSource !== "aws:s3" || typeof first.eventName !== "string") return undefined;
  const bucket = text(first.s3?.bucket?.name);
  const key = text(first.s3?.object?.key);
  return receivedEvent({
    id,
    eventType: first.eventName,
    queueName: String(queueName),
    timestamp: timeOf(first.eventTime) ?? sentAt,
    contentType: "application/json",
    body,
    // Keys are form-encoded: a plus sign is a blank.
    url: bucket === undefined || key === undefined ? undefined : `s3://${bucket}/${key.replaceAll("+", "%20")}`,
    properties: properties({ source: first.eventSource, region: first.awsRegion, bucket }),
    partitionKey,
  });
}

/** Returns a notice as an event, because a dead letter may be one. {@link isNotice} keeps it from actors. */
function fromNotice(
  message: Readonly<Record<string, unknown>>,
  body: string,
  { id, queueName, sentAt, partitionKey }: MessageOrigin,
): Event | undefined {
  const notice = noticeIn(message);
  if (notice === undefined) return undefined;
  const { Bucket: bucket, TopicArn: topicArn, SubscribeURL: subscribeUrl, Time, Timestamp } = message;
  return receivedEvent({
    id,
    eventType: notice.type,
    queueName: String(queueName),
    timestamp: timeOf(Time ?? Timestamp) ?? sentAt,
    contentType: "application/json",
    body,
    properties: properties({ source: notice.source, bucket, topicArn, subscribeUrl }),
    partitionKey,
  });
}

interface S3Record {
  readonly eventSource?: unknown;
  readonly eventName?: unknown;
  readonly eventTime?: unknown;
  readonly awsRegion?: unknown;
  readonly s3?: { readonly bucket?: { readonly name?: unknown }; readonly object?: { readonly key?: unknown } };
}

/** Returns the event with more properties; its own take precedence. */
export function withProperties(event: Event, more: Readonly<Record<string, EventProperty>>): Event {
  return receivedEvent({ ...event.toRecord(), properties: Object.freeze({ ...more, ...event.properties }) });
}

function properties(given: Readonly<Record<string, unknown>>): Readonly<Record<string, EventProperty>> {
  const texts = Object.entries(given).filter((entry): entry is [string, string] => text(entry[1]) !== undefined);
  return Object.freeze(Object.fromEntries(texts));
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function timeOf(value: unknown): number | undefined {
  const time = typeof value === "string" ? Date.parse(value) : Number.NaN;
  return Number.isNaN(time) ? undefined : time;
}
