import type { ActorDescriptor } from "../../../actors/actor.ts";
import type { RetryPolicy } from "../../../actors/retry-policy.ts";
import type { ErrorMatch } from "../../../actors/supervision.ts";
import type { CloudRules, Finding } from "../finding.ts";

/** Finds retries that contradict each other or the limits of a cloud. Invalid settings stop every start anyway. */
export function budgetFindings(descriptors: readonly ActorDescriptor[], clouds: readonly CloudRules[]): Finding[] {
  return descriptors.flatMap((descriptor) => [
    ...supervisionFindings(descriptor),
    ...waitFindings(descriptor),
    ...clouds.flatMap((cloud) => retentionFindings(descriptor, cloud)),
  ]);
}

function supervisionFindings({ name, queueName, retry, supervision }: ActorDescriptor): Finding[] {
  const where = whereOf({ name, queueName });
  return supervision.flatMap((rule): Finding[] => {
    if (rule.action !== "retry") return [];
    const { maxAttempts } = { ...retry, ...rule.retry };
    if (maxAttempts === 1)
      return [
        {
          rule: "never-retried",
          severity: "warning",
          where,
          message:
            `Its supervision retries ${matchText(rule.on)}, but with maxAttempts 1 nothing is tried again. ` +
            'Give the rule more attempts, or make it "dead-letter".',
        },
      ];
    return [];
  });
}

function waitFindings({ name, queueName, retry }: ActorDescriptor): Finding[] {
  if (retry.maxAttempts === 1 || retry.maxDelay > 0) return [];
  return [
    {
      rule: "retry-without-wait",
      severity: "warning",
      where: whereOf({ name, queueName }),
      message:
        `All ${retry.maxAttempts} attempts follow each other at once, so the shortest outage dead-letters events. ` +
        "Set retry.maxDelay and retry.minDelay above 0.",
    },
  ];
}

function retentionFindings({ name, queueName, retry }: ActorDescriptor, { cloud, retentionMs }: CloudRules): Finding[] {
  const waits = maxWait(retry);
  if (retentionMs === undefined || waits <= retentionMs) return [];
  const days = (ms: number): string => `${Math.round(ms / 86_400_000)} days`;
  return [
    {
      rule: "retry-outlives-queue",
      severity: "error",
      where: whereOf({ name, queueName }),
      message:
        `Its attempts may take ${days(waits)}, and a queue of ${cloud} keeps an event for ${days(retentionMs)}: ` +
        "it would be gone without a dead letter. Lower retry.maxAttempts or retry.maxDelay.",
    },
  ];
}

/** Returns the sum of all retry delays in ms, without jitter, which only shortens them. */
function maxWait({ maxAttempts, minDelay, maxDelay, factor }: RetryPolicy): number {
  let total = 0;
  let delay = Math.min(minDelay, maxDelay);
  let waits = maxAttempts - 1;
  for (; waits > 0 && delay < maxDelay && factor > 1 && delay > 0; waits--) {
    total += delay;
    delay = Math.min(maxDelay, delay * factor);
  }
  return total + waits * delay;
}

function whereOf({ name, queueName }: Pick<ActorDescriptor, "name" | "queueName">): string {
  return `${name} on ${queueName}`;
}

function matchText(on: ErrorMatch): string {
  return typeof on === "string" ? on : on.name || "some errors";
}
