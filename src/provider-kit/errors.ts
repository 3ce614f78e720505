import { BeeHiveError } from "../base/errors.ts";
import type { Event } from "../events/event.ts";
import type { QueueName } from "../events/queue-name.ts";
import { letterKey } from "../contract/dead-letter.ts";
import type { Lease } from "../contract/queue-operator.ts";
import type { KeptEvent } from "../contract/topic-log.ts";

/*
 * The errors of all providers, in the same words.
 */

/** Returns the error of a settlement after the end of a lease. */
export function leaseLost({ event, queueName }: Pick<Lease, "event" | "queueName">, cause?: unknown): BeeHiveError {
  return new BeeHiveError(
    "LeaseLost",
    `The lease on the event ${event.id} from ${queueName} is over; the event was or will be delivered again.`,
    cause === undefined ? undefined : { cause },
  );
}

/** Returns the error of a missing queue. @param missing the missing part, in the words of the provider. */
export function noQueue(name: QueueName, missing?: string): BeeHiveError {
  const text =
    name.kind === "topic"
      ? `"${name}" is a topic, which holds no events; name a subscription of it, ${name}Something.`
      : `There is no ${name.kind} "${name}"${missing ? `: no ${missing}` : ""}. ` +
        "Make it with hive.setup(), or beehive setup.";
  return new BeeHiveError("QueueNotFound", text);
}

/** The advice for a missing topic or queue, without a full stop. */
export const makingAdvice: string =
  "Make it with hive.setup(), or beehive setup, of a hive that names it: by an actor that reads it, " +
  "or in the publishes of its publisher";

/** Returns the error of a missing destination. @param missing the missing part, in the words of the provider. */
export function noDestination(name: QueueName, missing?: string): BeeHiveError {
  return new BeeHiveError(
    "QueueNotFound",
    `There is no ${name.kind} "${name}"${missing ? `: no ${missing}` : ""}. ${makingAdvice}.`,
  );
}

/** Returns the error of reading a topic that keeps no events. */
export function notKept(topic: QueueName): BeeHiveError {
  return new BeeHiveError(
    "InvalidState",
    `"${topic}" keeps no events. Name it in the option keep of the hive: { keep: { "${topic}": "30d" } }.`,
  );
}

/** Returns the error of an event with a cancel key to a topic that keeps its events. */
export function keptIsNotCancelled({ eventType, id, queueName }: Event): BeeHiveError {
  return new BeeHiveError(
    "InvalidEvent",
    `The event ${eventType} ${id} has a cancelKey, but ${queueName} keeps its events, also for those who come later. ` +
      "Leave the cancelKey out, or send the event to a queue.",
  );
}

/** Returns the error of a backup whose events are not behind those of the topic. */
export function placeTaken(topic: QueueName, next: number): BeeHiveError {
  return new BeeHiveError(
    "InvalidState",
    `"${topic}" has positions up to ${next - 1}, and restored events come after them in order. ` +
      "Restore into a topic without events of its own, while nothing publishes to it.",
  );
}

/** Returns the error of a topic that cannot be restored while a subscription reads it. */
export function unreadBefore(topic: QueueName): BeeHiveError {
  return new BeeHiveError(
    "InvalidState",
    `A subscription of "${topic}" has events to read, and would go on with those of the backup as if they were new. ` +
      "Let it read them, or move it to the end: beehive rewind SUBSCRIPTION --to now --outputs drop.",
  );
}

/** Returns whether events of a backup are in order, from a position on. */
export function areBehind(next: number, events: readonly KeptEvent[]): boolean {
  return events.every(({ position }, n) => position >= (n === 0 ? next : (events[n - 1] as KeptEvent).position + 1));
}

/** Returns the error of a missing dead letter. @param id of the letter or of its event. */
export function noDeadLetter(name: QueueName, id: string): BeeHiveError {
  const what = letterKey(id) === undefined ? "event" : "letter";
  return new BeeHiveError("NotFound", `The dead letters of "${name}" hold no ${what} ${id}.`);
}
