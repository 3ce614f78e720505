import { PublishBatchCommand, type PublishBatchRequestEntry, type SNSClient } from "@aws-sdk/client-sns";
import {
  ChangeMessageVisibilityBatchCommand,
  DeleteMessageBatchCommand,
  SendMessageBatchCommand,
  type ChangeMessageVisibilityBatchRequestEntry,
  type DeleteMessageBatchRequestEntry,
  type MessageAttributeValue,
  type SendMessageBatchRequestEntry,
  type SQSClient,
} from "@aws-sdk/client-sqs";
import type { Clock } from "../../../src/base/clock.ts";
import type { AwsClients } from "../config.ts";
import type { QueueAddress } from "./addresses.ts";
import { Batcher, type BatcherOptions, type EntryFailure } from "./batcher.ts";
import type { Load } from "./load.ts";
import { lastPartOf } from "./names.ts";

/** A message to send. */
export interface Outgoing {
  readonly body: string;
  readonly attributes?: Record<string, MessageAttributeValue> | undefined;
  /** Whole seconds, up to 900; on standard queues only. */
  readonly delaySeconds?: number | undefined;
  /** The group: of FIFO queues and topics to keep order, of others to share receives fairly. */
  readonly groupId?: string | undefined;
  /** For FIFO queues and topics. */
  readonly deduplicationId?: string | undefined;
}

/** Limits of a request: ten entries, 1 MiB for SQS, 256 KiB for SNS. */
const maxEntries = 10;
const maxSqsBytes = 1_048_576;
const maxSnsBytes = 262_144;

/** Sends all requests to queues and topics that can be batched. */
export class Outbox {
  readonly #sqs: SQSClient;
  readonly #sns: SNSClient;
  readonly #clock: Clock;
  readonly #load: Load;
  readonly #sends = new Map<string, Batcher<Outgoing>>();
  readonly #publishes = new Map<string, Batcher<Outgoing>>();
  readonly #deletes = new Map<string, Batcher<string>>();
  readonly #changes = new Map<string, Batcher<{ readonly receipt: string; readonly seconds: number }>>();

  constructor({ sqs, sns }: Pick<AwsClients, "sqs" | "sns">, clock: Clock, load: Load) {
    this.#sqs = sqs;
    this.#sns = sns;
    this.#clock = clock;
    this.#load = load;
  }

  send({ name, url }: QueueAddress, message: Outgoing): Promise<void> {
    const batcher = made(this.#sends, url, () =>
      this.#batcher<Outgoing>("sqs:SendMessage", name, {
        maxBytes: maxSqsBytes,
        groupOf: ({ groupId, deduplicationId }) => (deduplicationId === undefined ? undefined : groupId),
        send: async (messages) => {
          const Entries = messages.map((one, index): SendMessageBatchRequestEntry => ({
            Id: String(index),
            MessageBody: one.body,
            ...(one.attributes && { MessageAttributes: one.attributes }),
            ...(one.delaySeconds && { DelaySeconds: one.delaySeconds }),
            ...(one.groupId !== undefined && { MessageGroupId: one.groupId }),
            ...(one.deduplicationId !== undefined && { MessageDeduplicationId: one.deduplicationId }),
          }));
          return failuresOf(await this.#sqs.send(new SendMessageBatchCommand({ QueueUrl: url, Entries })));
        },
      }),
    );
    return batcher.add(message, sizeOf(message));
  }

  publish(topicArn: string, message: Outgoing): Promise<void> {
    const batcher = made(this.#publishes, topicArn, () =>
      this.#batcher<Outgoing>("sns:Publish", lastPartOf(topicArn), {
        maxBytes: maxSnsBytes,
        groupOf: ({ groupId, deduplicationId }) => (deduplicationId === undefined ? undefined : groupId),
        send: async (messages) => {
          const entries = messages.map((one, index): PublishBatchRequestEntry => ({
            Id: String(index),
            Message: one.body,
            ...(one.groupId !== undefined && { MessageGroupId: one.groupId }),
            ...(one.deduplicationId !== undefined && { MessageDeduplicationId: one.deduplicationId }),
          }));
          return failuresOf(
            await this.#sns.send(new PublishBatchCommand({ TopicArn: topicArn, PublishBatchRequestEntries: entries })),
          );
        },
      }),
    );
    return batcher.add(message, sizeOf(message));
  }

  /** Deletes a message. SQS reports success for a stale receipt, too. */
  deleteMessage({ name, url }: QueueAddress, receipt: string): Promise<void> {
    const batcher = made(this.#deletes, url, () =>
      this.#batcher<string>("sqs:DeleteMessage", name, {
        ofQueue: url,
        send: async (receipts) => {
          const Entries = receipts.map((one, index): DeleteMessageBatchRequestEntry => ({
            Id: String(index),
            ReceiptHandle: one,
          }));
          return failuresOf(await this.#sqs.send(new DeleteMessageBatchCommand({ QueueUrl: url, Entries })));
        },
      }),
    );
    return batcher.add(receipt, 0);
  }

  /** Makes a message invisible for `seconds` from now; 0 makes it visible at once. */
  changeVisibility({ name, url }: QueueAddress, receipt: string, seconds: number): Promise<void> {
    const batcher = made(this.#changes, url, () =>
      this.#batcher<{ readonly receipt: string; readonly seconds: number }>("sqs:ChangeMessageVisibility", name, {
        ofQueue: url,
        send: async (changes) => {
          const Entries = changes.map((one, index): ChangeMessageVisibilityBatchRequestEntry => ({
            Id: String(index),
            ReceiptHandle: one.receipt,
            VisibilityTimeout: one.seconds,
          }));
          return failuresOf(await this.#sqs.send(new ChangeMessageVisibilityBatchCommand({ QueueUrl: url, Entries })));
        },
      }),
    );
    return batcher.add({ receipt, seconds }, 0);
  }

  #batcher<E>(
    action: string,
    resource: string,
    options: Pick<BatcherOptions<E>, "send"> & Partial<BatcherOptions<E>>,
  ): Batcher<E> {
    return new Batcher<E>({
      maxEntries,
      maxBytes: Infinity,
      clock: this.#clock,
      load: this.#load,
      operation: { action, resource },
      ...options,
    });
  }
}

/** Returns the batcher of a queue or topic, and makes it first when needed. */
function made<T>(batchers: Map<string, T>, key: string, make: () => T): T {
  const known = batchers.get(key);
  if (known) return known;
  const batcher = make();
  batchers.set(key, batcher);
  return batcher;
}

/** Returns the size as SQS and SNS count it. It covers the body, and name, type and value of each attribute. */
function sizeOf({ body, attributes = {} }: Outgoing): number {
  let bytes = Buffer.byteLength(body);
  for (const [name, { DataType = "", StringValue = "", BinaryValue }] of Object.entries(attributes))
    bytes +=
      Buffer.byteLength(name) + DataType.length + Buffer.byteLength(StringValue) + (BinaryValue?.byteLength ?? 0);
  return bytes;
}

/** Returns the failed entries: a batch succeeds even when entries fail. */
function failuresOf(response: {
  readonly Failed?:
    | readonly {
        readonly Id?: string | undefined;
        readonly Code?: string | undefined;
        readonly Message?: string | undefined;
        readonly SenderFault?: boolean | undefined;
      }[]
    | undefined;
}): EntryFailure[] {
  return (response.Failed ?? []).map(({ Id, Code = "Unknown", Message = "", SenderFault = false }) => ({
    index: Number(Id),
    code: Code,
    message: Message,
    senderFault: SenderFault,
  }));
}
