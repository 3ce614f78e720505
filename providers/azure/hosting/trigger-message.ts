import type { ServiceBusReceivedMessage } from "@azure/service-bus";
import { BeeHiveError } from "../../../src/base/errors.ts";

/**
 * The message that triggered a function, from its body and what the host tells of it. It came over a link of the host's:
 * the SDK settles what came over none of its own by the lock token, through the management node of the entity.
 */
export function fromTrigger(body: unknown, metadata: Readonly<Record<string, unknown>>): ServiceBusReceivedMessage {
  // The host takes what reads like JSON for JSON: the id "42" comes as a number.
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
      "The trigger tells no messageId or lockToken: it is no Service Bus trigger, or its host completes messages itself.",
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
    // The host counts from one, the SDK from none.
    deliveryCount: Math.max(0, Number(metadata["deliveryCount"] ?? 1) - 1),
    enqueuedTimeUtc: time("enqueuedTimeUtc") ?? time("enqueuedTime"),
    lockedUntilUtc: time("lockedUntilUtc") ?? time("lockedUntil"),
    delivery: {},
  };
  return message as unknown as ServiceBusReceivedMessage;
}

/** An id of more digits than a number has was rounded by the host: the number in the queue tells it from others. */
function messageIdIn(metadata: Readonly<Record<string, unknown>>, text: string | undefined): string | undefined {
  const { messageId, sequenceNumber } = metadata;
  const rounded = typeof messageId === "number" && !Number.isSafeInteger(messageId);
  return rounded && typeof sequenceNumber === "number" ? `${text}~${sequenceNumber}` : text;
}
