import { messageOf } from "../base/error-text.ts";
import type { Logger } from "../base/logger.ts";
import type { QueueOperator } from "../contract/queue-operator.ts";
import type { Event } from "../events/event.ts";

/**
 * Sends events with `delivery: "log"`, after the step that returned them has committed.
 *
 * Events that cannot be sent are lost; a warning counts them.
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

  /** Resolves when all events so far have been sent or lost. */
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

/** Returns the durable events, and the events that are fire and forget. */
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
