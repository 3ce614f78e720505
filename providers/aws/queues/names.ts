import type { QueueName } from "../../../src/events/queue-name.ts";

/*
 * Names in AWS, with the prefix `shop`. The queue `Invoices` is the SQS queue `shop-Invoices`, the topic `Orders-` the
 * SNS topic `shop-Orders`, its subscription `Orders-Payment` the SQS queue `shop-Orders-Payment`. Ordered ones end in
 * `.fifo`. The dead letters of a queue are in a queue with `--dead` behind its name, which no subscription can have.
 */

/** Limit of SQS, `.fifo` included. */
export const maxQueueName = 80;
/** Limit of SNS, `.fifo` included. */
export const maxTopicName = 256;

const fifo = ".fifo";

export function queueNameOf(prefix: string, name: QueueName, ordered: boolean): string {
  const base =
    name.kind === "subscription" ? `${prefix}-${name.topic}-${name.subscription}` : `${prefix}-${name.topic}`;
  return ordered ? `${base}${fifo}` : base;
}

export function topicNameOf(prefix: string, name: QueueName, ordered: boolean): string {
  return ordered ? `${prefix}-${name.topic}${fifo}` : `${prefix}-${name.topic}`;
}

/** Returns the name of the queue with the dead letters of a queue. */
export function deadNameOf(queueName: string): string {
  return isFifo(queueName) ? `${queueName.slice(0, -fifo.length)}--dead${fifo}` : `${queueName}--dead`;
}

export function isFifo(awsName: string): boolean {
  return awsName.endsWith(fifo);
}

/** Returns the name at the end of an ARN or of a queue URL. */
export function lastPartOf(arnOrUrl: string): string {
  return arnOrUrl.slice(Math.max(arnOrUrl.lastIndexOf(":"), arnOrUrl.lastIndexOf("/")) + 1);
}

/** Returns the ARN of another queue in the same partition, region and account. */
export function siblingArn(arn: string, name: string): string {
  return `${arn.slice(0, arn.lastIndexOf(":"))}:${name}`;
}
