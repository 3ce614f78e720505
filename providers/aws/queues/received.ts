import type { Message } from "@aws-sdk/client-sqs";
import type { Attributes } from "./attributes.ts";
import { attributesOfOthers, redeliveryStateIn, type RedeliveryState } from "./redelivery-state.ts";

/** A message as SQS, or Lambda, handed it over. */
export interface Received {
  readonly messageId: string;
  readonly receipt: string;
  readonly body: string;
  /** How often SQS has handed it out, this time included. */
  readonly receives: number;
  /** When it was handed out first, in ms since the epoch. */
  readonly firstReceived: number;
  /** When it was sent. */
  readonly sentAt: number;
  /** When it was handed out this time: the 12 hours count from here. */
  readonly receivedAt: number;
  /** Attributes that others gave it. */
  readonly attributes: Attributes;
  readonly groupId: string | undefined;
  /** What the copy carries of the message that it stands for. */
  readonly redelivery: RedeliveryState;
}

export function receivedFrom(message: Message, receivedAt: number): Received {
  const { MessageId = "", ReceiptHandle = "", Body = "", Attributes = {}, MessageAttributes = {} } = message;
  return {
    messageId: MessageId,
    receipt: ReceiptHandle,
    body: Body,
    receives: Number(Attributes.ApproximateReceiveCount ?? 1),
    firstReceived: Number(Attributes.ApproximateFirstReceiveTimestamp ?? receivedAt),
    sentAt: Number(Attributes.SentTimestamp ?? receivedAt),
    receivedAt,
    attributes: attributesOfOthers(MessageAttributes),
    groupId: Attributes.MessageGroupId,
    redelivery: redeliveryStateIn(MessageAttributes),
  };
}
