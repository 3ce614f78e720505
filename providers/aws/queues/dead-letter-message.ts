import type { Message } from "@aws-sdk/client-sqs";
import type { BeeHiveError } from "../../../src/base/errors.ts";
import { unicodeEscape } from "../../../src/base/printable.ts";
import { letterId, type DeadLetter, type DeadLetterRecord } from "../../../src/contract/dead-letter.ts";
import { memberText } from "../../../src/events/json-source.ts";
import type { QueueName } from "../../../src/events/queue-name.ts";
import { bodyOf, eventOf } from "./message.ts";
import { receivedFrom, type Received } from "./received.ts";

/*
 * A dead letter as a message: the event with the record of its failure beside it.
 */

/** Key of the record in the body. */
const recordKey = "beehiveDeadLetter";
type DeadRecord = Omit<DeadLetterRecord, "event" | "firstSeen" | "lastSeen"> & {
  /** The id of the dead letter; older releases wrote none. */
  readonly id?: string | undefined;
  readonly firstSeen: string;
  readonly lastSeen: string;
};

/**
 * Returns the body of a dead letter.
 *
 * @param id of the dead letter; stays the same when the letter is sent again because its original could not be deleted.
 */
export function deadLetterBody({ event, firstSeen, lastSeen, ...rest }: DeadLetterRecord, id: string): string {
  const record: DeadRecord = { ...rest, id, firstSeen: firstSeen.toISOString(), lastSeen: lastSeen.toISOString() };
  // The event already escapes characters beyond U+FFFD. The record is small, and is escaped as a whole.
  const text = JSON.stringify(record).replace(/[^\x20-\x7e]/g, unicodeEscape);
  return `{"${recordKey}":${text},"event":${bodyOf(event)}}`;
}

/**
 * Returns the event in a dead letter, `undefined` for other messages. AWS's own tools move dead letters back unchanged.
 */
export function eventInDeadLetter(body: string): string | undefined {
  return body.startsWith(`{"${recordKey}":{`) ? parse(body)?.event : undefined;
}

/** Returns any message of a dead-letter queue as a dead letter. */
export function deadLetterFrom(message: Message, name: QueueName, receivedAt: number): DeadLetter {
  const received = receivedFrom(message, receivedAt);
  const { body, sentAt, redelivery, messageId } = received;
  const parsed = parse(body);
  if (parsed === undefined) {
    // Without a record: SQS moved the message by its redrive policy, or the record did not fit into the message.
    const reason =
      `moved by SQS after ${received.receives} receives that were never settled, or too large to keep its ` + "record";
    return withoutRecord(received, name, { body, errorName: "Exhausted", reason });
  }
  const { record, event } = parsed;
  return {
    ...record,
    id: record.id ?? letterId(messageId),
    event: eventOf(event, { id: redelivery.id ?? messageId, queueName: name, sentAt, partitionKey: undefined }),
    stack: record.stack ?? undefined,
    firstSeen: new Date(record.firstSeen),
    lastSeen: new Date(record.lastSeen),
  };
}

/** Returns a dead letter that cannot be read, such as one whose claim is gone. Its id is that of its message. */
export function unreadableDeadLetter(
  message: Message,
  name: QueueName,
  receivedAt: number,
  why: BeeHiveError,
): DeadLetter {
  const received = receivedFrom(message, receivedAt);
  const reason = `it could not be read: ${why.message}`;
  return withoutRecord(received, name, { body: received.body, errorName: why.code, reason });
}

function withoutRecord(
  { messageId, receives, sentAt, firstReceived, receivedAt, redelivery, attributes, groupId: partitionKey }: Received,
  queueName: QueueName,
  { body, errorName, reason }: { readonly body: string; readonly errorName: string; readonly reason: string },
): DeadLetter {
  return {
    id: letterId(messageId),
    event: eventOf(body, { id: redelivery.id ?? messageId, queueName, sentAt, partitionKey, attributes }),
    reason,
    errorName,
    errorMessage: reason,
    stack: undefined,
    actor: "",
    subscription: String(queueName),
    attempts: receives,
    firstSeen: new Date(firstReceived),
    lastSeen: new Date(receivedAt),
  };
}

/** Returns the record, and the event as text: writing the event again could change it. */
function parse(body: string): { readonly record: DeadRecord; readonly event: string } | undefined {
  try {
    const value = JSON.parse(body) as Readonly<Record<string, unknown>> | null;
    const record = value?.[recordKey];
    const event = memberText(body, "event");
    return isRecord(record) && event !== undefined ? { record, event } : undefined;
  } catch {
    return undefined;
  }
}

/** Returns whether `value` is a record. Any sender may have put a message into the queue. */
function isRecord(value: unknown): value is DeadRecord {
  if (typeof value !== "object" || value === null) return false;
  const record = value as Readonly<Record<string, unknown>>;
  return (
    ["reason", "errorName", "errorMessage", "actor", "subscription"].every(
      (name) => typeof record[name] === "string",
    ) &&
    ["firstSeen", "lastSeen"].every((name) => !Number.isNaN(Date.parse(String(record[name])))) &&
    typeof record["attempts"] === "number" &&
    (record["id"] === undefined || typeof record["id"] === "string")
  );
}
