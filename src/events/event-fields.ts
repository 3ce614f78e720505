/*
 * The fields of an event: of a new one from its options, and of a copy from the original and its changes.
 */
import { systemClock } from "../base/clock.ts";
import { BeeHiveError } from "../base/errors.ts";
import { ownText } from "../base/bytes.ts";
import { contentTypeOf, serialise, share, travelling, type EventBody } from "./body.ts";
import {
  assertKnownOptions,
  checkedDelivery,
  checkedHeader,
  checkedLine,
  checkedProperties,
  checkedText,
  checkedTime,
  invalid,
  withoutMark,
} from "./event-checks.ts";
import type { EventOptions, EventProperty, EventRecord } from "./event-record.ts";
import { keepingVersion } from "./event-version.ts";
import type { IdSource } from "./output-id.ts";
import { QueueName } from "./queue-name.ts";
import { countedFrom, lengthsIn, lengthsOfCopy, withHandles, withoutCancelKey, type Lengths } from "./withdrawal.ts";

/** A record that may have no id yet, whose ids may be read later, and whose body may be shared or coded. */
export type EventFields = Omit<EventRecord, "id" | "causationId" | "body"> & {
  readonly id?: IdSource | undefined;
  readonly causationId?: IdSource | undefined;
  readonly body: EventBody;
  readonly lengths?: Lengths | undefined;
};

/** The fields of an event that is there, which always has properties. */
export type OwnFields = EventFields & { readonly properties: Readonly<Record<string, EventProperty>> };

/** Returns the fields of a new event. @throws BeeHiveError `InvalidEvent`, `InvalidQueueName`. */
export function newFields(type: unknown, body: unknown, options: EventOptions): EventFields {
  assertKnownOptions(options);
  const topic = topics.get(type);
  const eventType = topic === undefined ? checkedHeader("eventType", type) : (type as string);
  const contentType = checkedLine("contentType", options.contentType) ?? contentTypeOf(body);
  const timestamp = checkedTime("timestamp", options.timestamp) ?? systemClock.now();
  const enqueueTime = checkedTime("enqueueTime", options.enqueueTime);
  const properties = withHandles(checkedProperties(options.properties), options, { timestamp, enqueueTime });
  const lengths = lengthsIn(options);
  const counted = lengths && countedFrom(systemClock.now(), lengths, { enqueueTime, properties });
  return {
    id: options.id === undefined ? undefined : checkedHeader("id", options.id),
    eventType,
    queueName: options.queueName === undefined ? (topic ?? topicOf(eventType)) : destination(options.queueName),
    timestamp,
    contentType,
    body: options.byReference ? share(eventType, body, contentType) : serialise(eventType, body, contentType),
    url: checkedText("url", options.url),
    properties: counted ? counted.properties : properties,
    enqueueTime: counted ? counted.enqueueTime : enqueueTime,
    correlationId: checkedText("correlationId", options.correlationId),
    causationId: checkedText("causationId", options.causationId),
    partitionKey: checkedLine("partitionKey", options.partitionKey),
    delivery: checkedDelivery(options.delivery),
    lengths,
  };
}

/** Returns the fields of a copy. `clone` of an event tells what a copy keeps. */
export function copiedFields(own: OwnFields, changes: EventOptions): EventFields {
  assertKnownOptions(changes);
  const { queueName, contentType, url, correlationId, causationId, partitionKey, delivery } = changes;
  const kept =
    changes.properties === undefined
      ? withoutMark(own.properties)
      : checkedProperties(keepingVersion(own, changes.properties));
  const timestamp = checkedTime("timestamp", changes.timestamp) ?? own.timestamp;
  const enqueueTime = "enqueueTime" in changes ? checkedTime("enqueueTime", changes.enqueueTime) : own.enqueueTime;
  const properties = withHandles(withoutCancelKey(kept), changes, { timestamp, enqueueTime });
  const lengths = lengthsOfCopy(own.lengths, changes);
  return {
    ...(lengths ? countedFrom(systemClock.now(), lengths, { enqueueTime, properties }) : { enqueueTime, properties }),
    id: changes.id === undefined ? undefined : checkedHeader("id", changes.id),
    eventType: own.eventType,
    queueName: queueName === undefined ? origin(own.queueName) : destination(queueName),
    timestamp,
    contentType: checkedLine("contentType", contentType) ?? own.contentType,
    body: changes.byReference === false ? travelling(own.body) : own.body,
    url: url === undefined ? own.url : checkedText("url", url),
    correlationId: correlationId === undefined ? own.correlationId : checkedText("correlationId", correlationId),
    causationId: causationId === undefined ? own.causationId : checkedText("causationId", causationId),
    partitionKey: partitionKey === undefined ? own.partitionKey : checkedLine("partitionKey", partitionKey),
    delivery: delivery === undefined ? own.delivery : checkedDelivery(delivery),
    lengths,
  };
}

/** The topics of event types that were checked before: a hive makes events of the same few types. */
const topics = new Map<unknown, string>();
const maxTopics = 10_000;

/** Returns the topic of an event type. @throws BeeHiveError `InvalidEvent` for a type that names none. */
function topicOf(eventType: string): string {
  if (/^\w+$/.test(eventType)) {
    if (topics.size >= maxTopics) return `${eventType}-`;
    const type = ownText(eventType);
    const topic = `${type}-`;
    topics.set(type, topic);
    return topic;
  }
  throw invalid(
    `no topic can be named like the event type "${eventType}"; ` +
      "give a queueName (letters, digits and underscores, then a hyphen)",
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

/** Returns the destination of a publish; empty for a record without one. */
function origin(queueName: string): string {
  return queueName === "" ? "" : String(QueueName.parse(queueName).destination);
}
