import type { ServiceBusReceivedMessage } from "@azure/service-bus";
import type { EventProperty, EventRecord } from "../../../src/events/event.ts";
import type { QueueName } from "../../../src/events/queue-name.ts";
import { propertyFrom } from "./property-values.ts";

/** What Service Bus knows of a message and an event has no field for. */
const brokerFields = ["replyTo", "replyToSessionId", "to"] as const;

/** An id of AMQP, which may be a text, a number, a UUID or bytes, as a text. */
export function idText(id: unknown): string | undefined {
  return id === undefined || id === null || id === "" ? undefined : String(propertyFrom(id));
}

/** The id of an event whose sender gave the message none: the broker counts its messages. */
export function countedId(queueName: QueueName, { sequenceNumber }: ServiceBusReceivedMessage): string {
  return `${queueName}-${String(sequenceNumber)}`;
}

/** The text of a property that is to be one of ours; nothing for what others gave it that is none. */
export function ourText(value: unknown): string | undefined {
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean"
    ? String(value)
    : undefined;
}

/**
 * What the sender of a message said beside its body, as properties of the event: its application properties, those that
 * `isOurs` left out, and fields of the broker where no application property has their name.
 */
export function brokerProperties(
  message: ServiceBusReceivedMessage,
  isOurs: (name: string) => boolean,
): Record<string, EventProperty> {
  const properties: Record<string, EventProperty> = {};
  for (const name of brokerFields) if (message[name]) properties[name] = message[name];
  // Made of entries: to assign what others call `__proto__` would change what the object inherits.
  const others = Object.entries(message.applicationProperties ?? {}).filter(([name]) => !isOurs(name));
  return { ...properties, ...Object.fromEntries(others.map(([name, value]) => [name, propertyFrom(value)])) };
}

/** The event of a CloudEvent that somebody else sent, with what the message says beside it. */
export function withBrokerFields(
  record: EventRecord,
  message: ServiceBusReceivedMessage,
  isOurs: (name: string) => boolean,
): EventRecord {
  const { subject, messageId, sessionId, partitionKey, correlationId } = message;
  const id = idText(messageId);
  const others = {
    ...(subject && subject !== record.eventType && { subject }),
    ...(id !== undefined && id !== record.id && { messageId: id }),
    ...brokerProperties(message, isOurs),
  };
  return {
    ...record,
    correlationId: record.correlationId ?? idText(correlationId),
    partitionKey: record.partitionKey ?? sessionId ?? partitionKey,
    properties: Object.freeze({ ...others, ...record.properties }),
  };
}
