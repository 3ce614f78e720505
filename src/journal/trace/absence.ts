import type { QueueOperator } from "../../contract/queue-operator.ts";
import { QueueName } from "../../events/queue-name.ts";
import { isOfSource } from "../recording.ts";

/** Unread events of a log that every provider searches for an id. */
const searched = 10_000;

/**
 * Returns whether a queue is sure to hold no event of a journaled id, leased ones included.
 *
 * False where nobody can tell: Azure keeps the delayed events of a subscription in its topic, SQS lists no events, and an
 * id with a source is not one of a queue.
 */
export async function isAbsent(
  queues: Pick<QueueOperator, "counts" | "holders" | "peek">,
  queueName: string,
  id: string,
): Promise<boolean> {
  // A provider with `holders` finds an event cheaply, and has it in the queue of its subscription.
  if (!queues.peek || !queues.holders || isOfSource(id)) return false;
  const name = QueueName.parse(queueName);
  if (name.kind === "topic") return false;
  try {
    if ((await queues.peek(name, { limit: 1, id })).length > 0) return false;
    return (await queues.counts(name)).ready < searched;
  } catch {
    return false;
  }
}
