/** Messages as Lambda's poller receives them and passes them on. */
import { ReceiveMessageCommand, type Message, type SQSClient } from "@aws-sdk/client-sqs";
import type { SqsRecord } from "../../providers/aws/hosting/lambda.ts";

/** Receives once, for at most a second. */
export async function receiveRecords(sqs: SQSClient, queueUrl: string): Promise<SqsRecord[]> {
  const request = new ReceiveMessageCommand({
    QueueUrl: queueUrl,
    MaxNumberOfMessages: 10,
    VisibilityTimeout: 30,
    WaitTimeSeconds: 1,
    MessageSystemAttributeNames: ["All"],
    MessageAttributeNames: ["All"],
  });
  const { Messages = [] } = await sqs.send(request);
  const queueName = queueUrl.slice(queueUrl.lastIndexOf("/") + 1);
  return Messages.map((message) => recordOf(message, queueName));
}

function recordOf(message: Message, queueName: string): SqsRecord {
  return {
    messageId: message.MessageId ?? "",
    receiptHandle: message.ReceiptHandle ?? "",
    body: message.Body ?? "",
    attributes: { ...message.Attributes },
    messageAttributes: Object.fromEntries(
      Object.entries(message.MessageAttributes ?? {}).map(([key, { DataType = "", StringValue }]) => [
        key,
        { dataType: DataType, ...(StringValue !== undefined && { stringValue: StringValue }) },
      ]),
    ),
    eventSourceARN: `arn:aws:sqs:us-east-1:000000000000:${queueName}`,
  };
}
