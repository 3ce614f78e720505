import { createHash } from "node:crypto";
import type { ServiceBusReceivedMessage } from "@azure/service-bus";
import type { Event } from "../../../src/events/event.ts";
import { identityOf } from "../../../src/events/output-id.ts";

/** The longest session id ("Service Bus quotas", learn.microsoft.com). */
const maxSessionId = 128;

/**
 * Returns the session id of an event: its partition key, else the identity of the event.
 *
 * Every message has one, because a topic may have ordered and other subscriptions, which the publisher need not know.
 */
export function sessionIdOf(event: Pick<Event, "partitionKey" | "id" | "properties">): string {
  const key = event.partitionKey ?? identityOf(event);
  if (key.length <= maxSessionId) return key;
  return `${key.slice(0, maxSessionId - 65)}~${createHash("sha256").update(key).digest("hex")}`;
}

/**
 * Removes the session id from a message that was not received through a session.
 *
 * Otherwise the SDK looks for the link of the session, and refuses to settle the message without it.
 */
export function withoutSession(message: ServiceBusReceivedMessage): ServiceBusReceivedMessage {
  delete (message as { sessionId?: string }).sessionId;
  return message;
}
