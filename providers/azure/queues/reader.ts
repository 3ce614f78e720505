import type { ServiceBusReceivedMessage, ServiceBusReceiver } from "@azure/service-bus";
import type { Clock } from "../../../src/base/clock.ts";
import { settleWithoutLink } from "../sdk/receiver-link.ts";
import { SettlementQueue } from "../sdk/settlement-queue.ts";
import type { Properties } from "./message.ts";
import { withoutSession } from "./session-id.ts";
import type { Source } from "./source.ts";

/**
 * Options of every receiver. Locks are renewed with leases and not by the SDK; bodies and dates stay as they were sent.
 */
export const receiverOptions = {
  maxAutoLockRenewalDurationInMs: 0,
  skipParsingBodyAsJson: true,
  skipConvertingDate: true,
} as const;
/** The wait for further messages after the first, in ms. The broker sends what it has at once. */
const moreMs = 1;
/**
 * The most messages received after one that is not settled.
 *
 * The SDK keeps a place for each of them. At 2,048 its link silently stops receiving.
 */
const maxBehind = 1_000;

/** The longest lock that Service Bus gives, in ms. */
const maxLockMs = 300_000;

/** A message that was received and is not settled. */
interface Unsettled {
  /** Its number among all messages of the receiver. */
  readonly number: number;
  /** Time of the lock or of the last request to renew it, by the local clock, in ms. */
  lockedAt: number;
}

/** A receiver for one poll at a time, with the settlements of its messages. */
export class Reader implements Source {
  readonly receiver: ServiceBusReceiver;
  readonly isOrdered = false;
  readonly #settlements = new SettlementQueue();
  readonly #clock: Clock;
  readonly #answerMs: number;
  /** In the order in which they were received. */
  readonly #unsettled = new Map<ServiceBusReceivedMessage, Unsettled>();
  #received = 0;

  /** @param answerMs the longest wait for an answer of the broker. */
  constructor(receiver: ServiceBusReceiver, clock: Clock, answerMs: number) {
    this.receiver = receiver;
    this.#clock = clock;
    this.#answerMs = answerMs;
  }

  lockedUntil({ lockedUntilUtc }: ServiceBusReceivedMessage): Date | undefined {
    return lockedUntilUtc;
  }

  renew(message: ServiceBusReceivedMessage): Promise<Date> {
    const unsettled = this.#unsettled.get(message);
    if (unsettled) unsettled.lockedAt = this.#clock.now();
    return this.receiver.renewMessageLock(message);
  }

  prepare(message: ServiceBusReceivedMessage): void {
    withoutSession(message);
  }

  settle(settlement: () => Promise<void>): Promise<void> {
    return this.#settlements.add(settlement);
  }

  abandon(message: ServiceBusReceivedMessage, _delayMs: number, changes: Properties): Promise<void> {
    return this.receiver.abandonMessage(message, changes);
  }

  async settled(message: ServiceBusReceivedMessage): Promise<void> {
    this.#unsettled.delete(message);
  }

  /** True when too many messages came after one that is not settled. Then another receiver must be used. */
  get isFull(): boolean {
    const [oldest] = this.#unsettled.values();
    return oldest !== undefined && this.#received - oldest.number > maxBehind;
  }

  /** True when every lock has ended and no settlement can be under way any more. */
  get isDone(): boolean {
    const long = this.#clock.now() - maxLockMs - this.#answerMs;
    return [...this.#unsettled.values()].every(({ lockedAt }) => lockedAt < long);
  }

  /**
   * Receives up to `max` messages, waiting for the first until `deadline`.
   *
   * Waits in slices of `sliceMs`, and ends between two slices when `signal` aborts. An aborted receive would leave
   * credit with the broker, and the next message would be locked without a reader. Every slice drains its credit.
   */
  async receive(
    max: number,
    deadline: number,
    sliceMs: number,
    signal: AbortSignal,
  ): Promise<ServiceBusReceivedMessage[]> {
    while (!signal.aborted) {
      const left = deadline - this.#clock.now();
      const first = await this.#receive(1, Math.max(1, Math.min(sliceMs, left)));
      if (first.length > 0) return [...first, ...(await this.#more(Math.min(max, maxBehind) - first.length))];
      if (this.#clock.now() >= deadline) return [];
    }
    return [];
  }

  /** Receives further messages that are ready. In one receive with the first, the SDK would wait a second more. */
  async #more(max: number): Promise<ServiceBusReceivedMessage[]> {
    if (max <= 0) return [];
    try {
      return await this.#receive(max, moreMs);
    } catch {
      // The messages already received must not be lost. The next receive reports the failure.
      return [];
    }
  }

  async #receive(max: number, maxWaitTimeInMs: number): Promise<ServiceBusReceivedMessage[]> {
    const messages = await this.receiver.receiveMessages(max, { maxWaitTimeInMs });
    for (const message of messages) {
      this.#unsettled.set(message, { number: ++this.#received, lockedAt: this.#clock.now() });
      settleWithoutLink(message);
    }
    return messages;
  }

  close(): Promise<void> {
    return this.receiver.close();
  }
}
