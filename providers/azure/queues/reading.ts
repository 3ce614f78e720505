import type { ServiceBusReceivedMessage } from "@azure/service-bus";
import { systemClock } from "../../../src/base/clock.ts";
import { messageOf } from "../../../src/base/error-text.ts";
import { BeeHiveError } from "../../../src/base/errors.ts";
import { Event } from "../../../src/events/event.ts";
import type { QueueName } from "../../../src/events/queue-name.ts";
import { countedId, idText } from "./broker-properties.ts";
import { toEvent } from "./message.ts";

/** What a message says. */
export interface Reading {
  readonly event: Event;
  /** Why the event is not whole: its body is gone, `NotFound`, cannot be had now, or the message cannot be read, `BodyUnreadable`. */
  readonly problem?: BeeHiveError | undefined;
}

/** Whether waiting does not mend what is wrong with a message: it is one for the dead letters. */
export function isForGood({ code }: BeeHiveError): boolean {
  return code === "NotFound" || code === "BodyUnreadable";
}

/**
 * The event that a message is, see {@link toEvent}. Never throws: a message that cannot be read must not keep those beside
 * it from being worked on. Of such a message the event has an id and a type.
 */
export function readEvent(message: ServiceBusReceivedMessage, queueName: QueueName, body?: Uint8Array): Reading {
  try {
    return { event: toEvent(message, queueName, body) };
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
    `A message of ${queueName} cannot be read as an event: ${messageOf(cause)}. It is kept as it was sent: look at it with a tool for Service Bus, then drop it.`,
    { cause },
  );
}
