import type { Message } from "@aws-sdk/client-sqs";
import type { Attributes } from "./attributes.ts";
import { attributesOfOthers, redeliveryStateIn, type RedeliveryState } from "./redelivery-state.ts";

/** A message received from SQS or from Lambda. */
export interface Received {
  readonly messageId: string;
  readonly receipt: string;
  readonly body: string;
  /** Number of receives, this one included. */
  readonly receives: number;
  /** Time of the first receive, in ms since the epoch. */
  readonly firstReceived: number;
  /** Time of the send, in ms since the epoch. */
  readonly sentAt: number;
  /** Time of this receive, from which the 12 hours count. */
  readonly receivedAt: number;
  /** Attributes of the sender. */
  readonly attributes: Attributes;
  readonly groupId: string | undefined;
  /** State that a copy carries. */
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
