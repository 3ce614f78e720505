import type { QueueSpec } from "../../../src/contract/queue-operator.ts";
import { withArchives } from "../../../src/provider-kit/archive/index.ts";
import { maxLeaseMs } from "./lease.ts";
import { deadNameOf, maxQueueName, maxTopicName, queueNameOf, topicNameOf } from "./names.ts";

/** Maximum retention of SQS, 14 days in seconds. */
export const retentionSeconds = 1_209_600;
/**
 * Maximum delay of an ordered event, in ms.
 *
 * The event keeps its place in the queue, and SQS counts its 14 days from the send. One day is left to handle it.
 */
export const maxOrderedDelayMs: number = (retentionSeconds - 86_400) * 1_000;
/** Maximum receives in a redrive policy. */
const maxReceives = 1_000;

/** Returns what SQS and SNS refuse of these queues, in words. */
export function topologyProblems(specs: readonly QueueSpec[], prefix: string): string[] {
  return withArchives(specs).flatMap(({ name, ordered, leaseMs, maxAttempts }) => {
    if (name.kind === "topic") return tooLong(topicNameOf(prefix, name, true), maxTopicName, `"${name}"`);
    const problems = tooLong(deadNameOf(queueNameOf(prefix, name, ordered)), maxQueueName, `"${name}"`);
    if (leaseMs > maxLeaseMs) problems.push(`"${name}": SQS leases for at most 12 hours, not for ${leaseMs} ms`);
    if (maxAttempts >= maxReceives)
      problems.push(`"${name}": SQS delivers at most ${maxReceives} times, so retry.maxAttempts must be below that`);
    return problems;
  });
}

function tooLong(awsName: string, max: number, what: string): string[] {
  if (awsName.length <= max) return [];
  return [`${what}: its name in AWS would be ${awsName}, ${awsName.length} characters; at most ${max} are allowed`];
}

/** Returns the maximum receives before SQS itself moves a message: well above the hive's own limit. */
export function receivesFor({ ordered, maxAttempts }: QueueSpec): number {
  return ordered ? maxReceives : Math.min(maxReceives, Math.max(2 * maxAttempts, maxAttempts + 10));
}
