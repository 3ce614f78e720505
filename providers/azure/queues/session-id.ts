import { createHash } from "node:crypto";
import type { ServiceBusReceivedMessage } from "@azure/service-bus";
import type { Event } from "../../../src/events/event.ts";
import { identityOf } from "../../../src/events/identity.ts";

/** The longest id of a session ("Service Bus quotas", learn.microsoft.com). */
const longest = 128;

/**
 * The session that an event belongs to: its partition key, and by itself when it has none. Every message has one, ordered or
 * not: a topic has subscriptions of both kinds, and whoever publishes need not know them.
 */
export function sessionIdOf(event: Pick<Event, "partitionKey" | "id" | "properties">): string {
  const key = event.partitionKey ?? identityOf(event);
  if (key.length <= longest) return key;
  return `${key.slice(0, longest - 65)}~${createHash("sha256").update(key).digest("hex")}`;
}

/**
 * A message that was not received through its session, so that the SDK does not look for one: without its link it would
 * refuse to settle it.
 */
export function withoutSession(message: ServiceBusReceivedMessage): ServiceBusReceivedMessage {
  delete (message as { sessionId?: string }).sessionId;
  return message;
}
