import type { ServiceBusReceivedMessage } from "@azure/service-bus";
import type { EventProperty, EventRecord } from "../../../src/events/event.ts";
import type { QueueName } from "../../../src/events/queue-name.ts";
import { propertyFrom } from "./property-values.ts";

/** Fields of a message that an event has no field for. */
const brokerFields = ["replyTo", "replyToSessionId", "to"] as const;

/** Returns an id of AMQP as text. It may be a text, a number, a UUID or bytes. */
export function idText(id: unknown): string | undefined {
  return id === undefined || id === null || id === "" ? undefined : String(propertyFrom(id));
}

/** Returns the id of an event whose message has none: the queue and the sequence number. */
export function countedId(queueName: QueueName, { sequenceNumber }: ServiceBusReceivedMessage): string {
  return `${queueName}-${String(sequenceNumber)}`;
}

/** Returns a property as text; `undefined` for a value of a type that BeeHive never writes. */
export function ourText(value: unknown): string | undefined {
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean"
    ? String(value)
    : undefined;
}

/**
 * Returns the properties of the event of a message: its application properties without those that `isOurs` names.
 *
 * Fields of the broker are added where no application property has their name.
 */
export function brokerProperties(
  message: ServiceBusReceivedMessage,
  isOurs: (name: string) => boolean,
): Record<string, EventProperty> {
  const properties: Record<string, EventProperty> = {};
  for (const name of brokerFields) if (message[name]) properties[name] = message[name];
  // From entries, because to assign a property named `__proto__` would change the prototype.
  const others = Object.entries(message.applicationProperties ?? {}).filter(([name]) => !isOurs(name));
  return { ...properties, ...Object.fromEntries(others.map(([name, value]) => [name, propertyFrom(value)])) };
}

/** Returns the record of a CloudEvent of another sender, completed with fields of its message. */
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
