import { QueueName } from "../queue-name.ts";

/** Where events are published that reach the queue or subscription. */
export function destinationOf(name: QueueName): string {
  return (name.kind === "subscription" ? QueueName.topic(name.topic) : name).toString();
}
