import type { ServiceBusReceivedMessage } from "@azure/service-bus";
import { systemClock } from "../../../src/base/clock.ts";
import { messageOf } from "../../../src/base/error-text.ts";
import { BeeHiveError } from "../../../src/base/errors.ts";
import { Event } from "../../../src/events/event.ts";
import type { QueueName } from "../../../src/events/queue-name.ts";
import { countedId, idText } from "./broker-properties.ts";
import { eventOf } from "./message.ts";

/** The event of a message, and what is wrong with it. */
export interface ReadResult {
  readonly event: Event;
  /**
   * Why the event is incomplete. Its body is missing (`NotFound`) or cannot be fetched at the moment, or the message
   * cannot be read (`BodyUnreadable`).
   */
  readonly problem?: BeeHiveError | undefined;
}

/** Returns whether a problem is permanent, so that the message belongs to the dead letters. */
export function isForGood({ code }: BeeHiveError): boolean {
  return code === "NotFound" || code === "BodyUnreadable";
}

/**
 * Reads the event of a message, see {@link eventOf}. Never throws.
 *
 * An unreadable message must not hold up the messages beside it. Its event has only an id and a type.
 */
export function readEvent(message: ServiceBusReceivedMessage, queueName: QueueName, body?: Uint8Array): ReadResult {
  try {
    return { event: eventOf(message, queueName, body) };
  } catch (cause) {
    return { event: nameless(message, queueName), problem: unreadable(queueName, cause) };
  }
}

function nameless(message: ServiceBusReceivedMessage, queueName: QueueName): Event {
  return Event.fromRecord({
    id: idText(message.messageId) ?? countedId(queueName, message),
    eventType: queueName.topic,
    queueName: queueName.toString(),
    timestamp: systemClock.now(),
    contentType: "application/octet-stream",
    body: "",
  });
}

function unreadable(queueName: QueueName, cause: unknown): BeeHiveError {
  return new BeeHiveError(
    "BodyUnreadable",
    `A message of ${queueName} cannot be read as an event: ${messageOf(cause)}. ` +
      "It is kept as it was sent: inspect it with a tool for Service Bus, then drop it.",
    { cause },
  );
}
