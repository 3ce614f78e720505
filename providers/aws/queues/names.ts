import type { QueueName } from "../../../src/events/queue-name.ts";

/*
 * A simple queue `Invoices` is the SQS queue `shop-Invoices`; a topic `Orders-` the SNS topic `shop-Orders`; its
 * subscription `Orders-Payment` the SQS queue `shop-Orders-Payment`. What is ordered ends in `.fifo`. The dead
 * letters of each queue are in a queue with `--dead` behind the name: no subscription can be called that.
 */

/** SQS: 80 characters, `.fifo` included. */
export const maxQueueName = 80;
/** SNS: 256 characters, `.fifo` included. */
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

/** The queue of the dead letters of a queue. */
export function deadNameOf(queueName: string): string {
  return isFifo(queueName) ? `${queueName.slice(0, -fifo.length)}--dead${fifo}` : `${queueName}--dead`;
}

export function isFifo(awsName: string): boolean {
  return awsName.endsWith(fifo);
}

/** The last part of an ARN or of the URL of a queue: its name. */
export function lastPartOf(arnOrUrl: string): string {
  return arnOrUrl.slice(Math.max(arnOrUrl.lastIndexOf(":"), arnOrUrl.lastIndexOf("/")) + 1);
}

/** The ARN of a queue beside another: same partition, region and account. */
export function siblingArn(arn: string, name: string): string {
  return `${arn.slice(0, arn.lastIndexOf(":"))}:${name}`;
}
