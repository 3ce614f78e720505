import { messageOf } from "../base/error-text.ts";
import type { Event } from "../events/event.ts";
import type { Logger } from "../base/logger.ts";
import type { QueueOperator } from "../contract/queue-operator.ts";

/**
 * Sends events with `delivery: "log"`: fire and forget, after the step that returned them has committed. What
 * cannot be sent is counted in a warning and gone; nobody waits for it.
 */
export class LogEvents {
  readonly #queues: Pick<QueueOperator, "push">;
  readonly #logger: Logger;
  readonly #sending = new Set<Promise<void>>();

  constructor(queues: Pick<QueueOperator, "push">, logger: Logger) {
    this.#queues = queues;
    this.#logger = logger;
  }

  send(events: readonly Event[]): void {
    if (events.length === 0) return;
    const sending = this.#push(events).finally(() => this.#sending.delete(sending));
    this.#sending.add(sending);
  }

  /** Resolves when what was handed over so far has been sent or lost. */
  async settled(): Promise<void> {
    await Promise.all(this.#sending);
  }

  async #push(events: readonly Event[]): Promise<void> {
    try {
      await this.#queues.push(events);
    } catch (error) {
      this.#logger.warn(
        { events: events.length, reason: messageOf(error) },
        "log events could not be sent and are lost",
      );
    }
  }
}

/** Events that are durable, and those that are fire and forget. */
export function byDelivery(events: readonly Event[]): {
  readonly business: readonly Event[];
  readonly log: readonly Event[];
} {
  const business = events.every(isBusiness) ? events : events.filter(isBusiness);
  return { business, log: business === events ? none : events.filter((event) => !isBusiness(event)) };
}

const none: readonly Event[] = [];

function isBusiness({ delivery }: Event): boolean {
  return delivery === "business";
}
