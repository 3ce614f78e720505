import { QueueName } from "../events/queue-name.ts";
import type { QueueOperator } from "../contract/queue-operator.ts";
import { UsageError } from "./exit-code.ts";

/** @throws UsageError when there is no such queue, topic or subscription, with what was meant if that can be told. */
export async function assertThere(queues: QueueOperator, name: QueueName): Promise<void> {
  if (await isThere(queues, name)) return;
  const topic = QueueName.topic(name.topic);
  const meant = name.kind === "queue" && (await isThere(queues, topic)) ? ` There is a topic: write ${topic}` : "";
  throw new UsageError(`There is no ${name.kind} ${name}.${meant || " Make it with: beehive setup MODULE"}`);
}

async function isThere(queues: QueueOperator, name: QueueName): Promise<boolean> {
  const spec = { name, ordered: false, leaseMs: 30_000, maxAttempts: 10 };
  const missing = await queues.missing([spec]);
  return missing.length === 0;
}
