import type { QueueName } from "../../../src/events/queue-name.ts";

/** The names of queues and topics in the namespace. Queues have a prefix, see `queuePrefix`. */
export class Names {
  readonly #queuePrefix: string;

  constructor(queuePrefix: string) {
    this.#queuePrefix = queuePrefix;
  }

  /** Returns the queue or topic to send to. */
  entity(name: QueueName): string {
    return name.kind === "queue" ? `${this.#queuePrefix}${name.topic}` : name.topic;
  }

  /** Returns the path to receive from. */
  path(name: QueueName): string {
    return name.kind === "subscription" ? `${name.topic}/Subscriptions/${name.subscription}` : this.entity(name);
  }
}
