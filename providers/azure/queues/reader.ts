import type { ServiceBusReceivedMessage, ServiceBusReceiver } from "@azure/service-bus";
import type { Clock } from "../../../src/base/clock.ts";
import type { Properties } from "./message.ts";
import { settleWithoutLink } from "../sdk/receiver-link.ts";
import { SettlementQueue } from "../sdk/settlement-queue.ts";
import { withoutSession } from "./session-id.ts";
import type { Source } from "./source.ts";

/** How long to wait for more once there is something, in ms: the broker sends what it has at once. */
const moreMs = 1;
/**
 * How many messages may come behind one that is not settled. The SDK keeps a place for each of them, and at 2,048 its
 * link takes nothing more from the broker, without a word.
 */
const maxBehind = 1_000;

/** The longest lock that Service Bus gives, in ms. */
const maxLockMs = 300_000;

/** A message that was received and is not settled. */
interface Unsettled {
  /** How many were received up to it. */
  readonly number: number;
  /** When it was locked, or its lock was to be renewed, by our own clock, in ms since the epoch. */
  lockedAt: number;
}

/** One receiver, used by one poll at a time, and the settlements of what it received. */
export class Reader implements Source {
  readonly receiver: ServiceBusReceiver;
  readonly isOrdered = false;
  readonly #settlements = new SettlementQueue();
  readonly #clock: Clock;
  readonly #answerMs: number;
  /** What is not settled yet, in the order it came. */
  readonly #unsettled = new Map<ServiceBusReceivedMessage, Unsettled>();
  #received = 0;

  /** @param answerMs how long the broker may take to answer. */
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

  giveBack(message: ServiceBusReceivedMessage, _delayMs: number, changes: Properties): Promise<void> {
    return this.receiver.abandonMessage(message, changes);
  }

  async settled(message: ServiceBusReceivedMessage): Promise<void> {
    this.#unsettled.delete(message);
  }

  /** Whether another is to be used for what comes next: too much came behind a message that is not settled. */
  get isFull(): boolean {
    const [oldest] = this.#unsettled.values();
    return oldest !== undefined && this.#received - oldest.number > maxBehind;
  }

  /** Whether nothing will be settled through it any more: what was not is no longer locked, and no attempt is under way. */
  get isDone(): boolean {
    const long = this.#clock.now() - maxLockMs - this.#answerMs;
    return [...this.#unsettled.values()].every(({ lockedAt }) => lockedAt < long);
  }

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
      const first = await this.#receive(1, Math.max(1, Math.min(sliceMs, left)));
      if (first.length > 0) return [...first, ...(await this.#more(Math.min(max, maxBehind) - first.length))];
      if (this.#clock.now() >= deadline) return [];
    }
    return [];
  }

  /** What else is there. The SDK would wait a second for more if it were asked for all at once. */
  async #more(max: number): Promise<ServiceBusReceivedMessage[]> {
    if (max <= 0) return [];
    try {
      return await this.#receive(max, moreMs);
    } catch {
      // The next receive meets the same failure and tells it; what was received before must not be lost by it.
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
