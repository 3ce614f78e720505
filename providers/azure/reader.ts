import type { ServiceBusReceivedMessage, ServiceBusReceiver } from "@azure/service-bus";
import type { Clock } from "../../src/clock.ts";
import { SettlementQueue } from "./settlement-queue.ts";
import type { Source } from "./source.ts";

/** How long to wait for more once there is something, in ms: the broker sends what it has at once. */
const moreMs = 1;

/** One receiver, used by one poll at a time, and the settlements of what it received. */
export class Reader implements Source {
  readonly receiver: ServiceBusReceiver;
  readonly #settlements = new SettlementQueue();
  readonly #clock: Clock;

  constructor(receiver: ServiceBusReceiver, clock: Clock) {
    this.receiver = receiver;
    this.#clock = clock;
  }

  lockedUntil({ lockedUntilUtc }: ServiceBusReceivedMessage): Date | undefined {
    return lockedUntilUtc;
  }

  renew(message: ServiceBusReceivedMessage): Promise<Date> {
    return this.receiver.renewMessageLock(message);
  }

  settle(settlement: () => Promise<void>): Promise<void> {
    return this.#settlements.add(settlement);
  }

  async settled(): Promise<void> {}

  /**
   * Up to `max` messages, waiting for the first until `deadline`. Waits in slices of `sliceMs` and ends between them when
   * `signal` aborts: a receive that is aborted leaves credit with the broker, and the next message would go to nobody
   * until its lock ends. Every slice drains its credit.
   */
  async receive(
    max: number,
    deadline: number,
    sliceMs: number,
    signal: AbortSignal,
  ): Promise<ServiceBusReceivedMessage[]> {
    while (!signal.aborted) {
      const left = deadline - this.#clock.now();
      const first = await this.receiver.receiveMessages(1, { maxWaitTimeInMs: Math.max(1, Math.min(sliceMs, left)) });
      if (first.length > 0) return [...first, ...(await this.#more(max - first.length))];
      if (this.#clock.now() >= deadline) return [];
    }
    return [];
  }

  /** What else is there. The SDK would wait a second for more if it were asked for all at once. */
  async #more(max: number): Promise<ServiceBusReceivedMessage[]> {
    if (max <= 0) return [];
    try {
      return await this.receiver.receiveMessages(max, { maxWaitTimeInMs: moreMs });
    } catch {
      // The next receive meets the same failure and tells it; what was received before must not be lost by it.
      return [];
    }
  }

  close(): Promise<void> {
    return this.receiver.close();
  }
}
