import type { ServiceBusReceivedMessage } from "@azure/service-bus";
import { BeeHiveError } from "../../../src/base/errors.ts";

/**
 * Makes a message of the body and the metadata with which the host triggers a function.
 *
 * The message came over a link of the host. Without a link of its own, the SDK settles a message by its lock token,
 * through the management node of the entity.
 */
export function fromTrigger(body: unknown, metadata: Readonly<Record<string, unknown>>): ServiceBusReceivedMessage {
  // The host parses texts that look like JSON: the id "42" comes as a number.
  const text = (name: string): string | undefined => {
    const value = metadata[name];
    if (typeof value === "number" || typeof value === "boolean") return String(value);
    return typeof value === "string" && value !== "" ? value : undefined;
  };
  const time = (name: string): Date | undefined => {
    const value = metadata[name];
    const date = typeof value === "string" || value instanceof Date ? new Date(value) : undefined;
    return Number.isNaN(date?.getTime()) ? undefined : date;
  };
  const [messageId, lockToken] = [messageIdIn(metadata, text("messageId")), text("lockToken")];
  if (messageId === undefined || lockToken === undefined) {
    throw new BeeHiveError(
      "InvalidState",
      "The trigger has no messageId or lockToken: it is no Service Bus trigger, or its host completes messages itself.",
    );
  }
  const message = {
    body: typeof body === "string" || body instanceof Uint8Array ? body : JSON.stringify(body),
    messageId,
    lockToken,
    contentType: text("contentType"),
    correlationId: text("correlationId"),
    subject: text("subject") ?? text("label"),
    replyTo: text("replyTo"),
    replyToSessionId: text("replyToSessionId"),
    to: text("to"),
    sessionId: text("sessionId"),
    partitionKey: text("partitionKey"),
    applicationProperties: (metadata["applicationProperties"] ?? metadata["userProperties"] ?? {}) as Record<
      string,
      string
    >,
    // The host counts from 1, the SDK from 0.
    deliveryCount: Math.max(0, Number(metadata["deliveryCount"] ?? 1) - 1),
    enqueuedTimeUtc: time("enqueuedTimeUtc") ?? time("enqueuedTime"),
    lockedUntilUtc: time("lockedUntilUtc") ?? time("lockedUntil"),
    delivery: {},
  };
  return message as unknown as ServiceBusReceivedMessage;
}

/** Makes the messages with which the host triggers a function of batches: each field of the metadata is an array. */
export function fromTriggers(
  bodies: unknown,
  metadata: Readonly<Record<string, unknown>>,
): readonly ServiceBusReceivedMessage[] {
  if (!Array.isArray(bodies)) return [fromTrigger(bodies, metadata)];
  const arrays = Object.entries(metadata).flatMap(([name, values]) =>
    name.endsWith(arraySuffix) && Array.isArray(values) ? [[name.slice(0, -arraySuffix.length), values] as const] : [],
  );
  return bodies.map((body: unknown, index) =>
    fromTrigger(body, Object.fromEntries(arrays.map(([name, values]) => [name, values[index] as unknown]))),
  );
}

const arraySuffix = "Array";

/** Returns the message id. The host rounds an id of many digits, so the sequence number is added to keep it unique. */
function messageIdIn(metadata: Readonly<Record<string, unknown>>, text: string | undefined): string | undefined {
  const { messageId, sequenceNumber } = metadata;
  const rounded = typeof messageId === "number" && !Number.isSafeInteger(messageId);
  return rounded && typeof sequenceNumber === "number" ? `${text}~${sequenceNumber}` : text;
}
