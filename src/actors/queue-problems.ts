import { messageOf } from "../base/error-text.ts";
import { valueText } from "../base/numbers.ts";
import { QueueName } from "../events/queue-name.ts";

/** Returns what is wrong with the name of a queue whose events are counted, in words. */
export function queueProblems(at: string, queue: unknown): string[] {
  if (typeof queue !== "string") return [`${at} must be the name of a queue, not ${valueText(queue)}`];
  try {
    const name = QueueName.parse(queue);
    return name.kind === "topic" ? [`${at}: "${queue}" is a topic; name one of its subscriptions`] : [];
  } catch (error) {
    return [`${at}: ${messageOf(error)}`];
  }
}
