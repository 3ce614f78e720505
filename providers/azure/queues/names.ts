import type { QueueName } from "../../../src/events/queue-name.ts";

/** Where queues and topics are in a namespace. Topics have their own name; see `queuePrefix` for queues. */
export class Names {
  readonly #queuePrefix: string;

  constructor(queuePrefix: string) {
    this.#queuePrefix = queuePrefix;
  }

  /** The queue or topic that events of `name` are sent to. */
  entity(name: QueueName): string {
    return name.kind === "queue" ? `${this.#queuePrefix}${name.topic}` : name.topic;
  }

  /** What `name` is received from. */
  path(name: QueueName): string {
    return name.kind === "subscription" ? `${name.topic}/Subscriptions/${name.subscription}` : this.entity(name);
  }
}
