import { randomUUID } from "node:crypto";
import { decode, types, type AmqpMessage } from "./rhea.ts";

/** The message format of a batch. Each data section is a message (Microsoft's AMQP protocol guide). */
const batchFormat = 0x80013700;

export type Properties = Readonly<Record<string, unknown>>;

/** Returns the messages of a transfer: several for a batch. */
export function messagesOf(format: number | undefined, payload: AmqpMessage | Buffer): AmqpMessage[] {
  if (format !== batchFormat) return [payload as AmqpMessage];
  const { content } = decode(payload as Buffer).body as { readonly content: Buffer | readonly Buffer[] };
  return (Buffer.isBuffer(content) ? [content] : content).map(decode);
}

/** Returns a message as stored: with an id, which the broker adds if the sender gave none. */
export function received(message: AmqpMessage): AmqpMessage {
  const { delivery_count: _, ...kept } = message;
  return { ...kept, message_id: message.message_id ?? randomUUID().replaceAll("-", "") };
}

/** Returns the scheduled time of a message, in ms since the epoch; 0 for now. */
export function scheduledFor(message: AmqpMessage): number {
  const time: unknown = message.message_annotations?.["x-opt-scheduled-enqueue-time"];
  return time instanceof Date || typeof time === "number" ? Number(time) : 0;
}

/** Facts that the broker adds to a message for its receiver. */
export interface Facts {
  readonly sequence: number;
  readonly enqueuedAt: number;
  readonly deliveryCount: number;
  readonly lockedUntil?: number | undefined;
  readonly state: 0 | 1 | 2;
  readonly deadLetterSource?: string | undefined;
}

/** Returns a message as a receiver gets it. */
export function outgoing(message: AmqpMessage, facts: Facts): AmqpMessage {
  return {
    ...message,
    delivery_count: facts.deliveryCount,
    message_annotations: {
      ...message.message_annotations,
      "x-opt-sequence-number": types.wrap_long(facts.sequence),
      "x-opt-enqueued-time": types.wrap_timestamp(facts.enqueuedAt),
      "x-opt-message-state": types.wrap_int(facts.state),
      ...(facts.lockedUntil === undefined ? {} : { "x-opt-locked-until": types.wrap_timestamp(facts.lockedUntil) }),
      ...(facts.deadLetterSource === undefined ? {} : { "x-opt-deadletter-source": facts.deadLetterSource }),
    },
  };
}

/** Returns a message with changed application properties. */
export function withProperties(message: AmqpMessage, changes: Properties | undefined): AmqpMessage {
  if (!changes || Object.keys(changes).length === 0) return message;
  const defined = Object.fromEntries(
    Object.entries(changes).filter(([, value]) => value !== undefined && value !== null),
  );
  return { ...message, application_properties: { ...message.application_properties, ...defined } };
}
