import type { ServiceBusReceivedMessage } from "@azure/service-bus";
import type { Clock } from "../../../src/base/clock.ts";
import type { Lease } from "../../../src/contract/queue-operator.ts";
import type { Replayed } from "../../../src/contract/topic-log.ts";
import type { Event } from "../../../src/events/event.ts";
import type { QueueName } from "../../../src/events/queue-name.ts";
import { originIn, replayedBy } from "../../../src/provider-kit/archive/index.ts";
import { leaseLost } from "../../../src/provider-kit/errors.ts";
import { lockLeftMs, type LockFacts } from "./lock-time.ts";
import type { RedeliveryState } from "./message.ts";
import type { Source } from "./source.ts";

/** A message under peek-lock. */
export class AzureLease implements Lease {
  readonly event: Event;
  readonly queueName: QueueName;
  readonly message: ServiceBusReceivedMessage;
  readonly source: Source;
  readonly redelivery: RedeliveryState;
  readonly attempt: number;
  readonly firstSeen: number;
  readonly replayed: Replayed | undefined;
  expiresAt: number;
  readonly #clock: Clock;
  readonly #minMs: number;
  #settled = false;

  constructor(
    {
      event,
      queueName,
      message,
      source,
      redelivery,
    }: Pick<AzureLease, "event" | "queueName" | "message" | "source" | "redelivery">,
    { leaseMs, minMs }: Pick<LockFacts, "leaseMs" | "minMs">,
    clock: Clock,
  ) {
    const now = clock.now();
    const counted = (message.deliveryCount ?? 0) - (redelivery.uncounted ?? 0);
    this.event = event;
    this.queueName = queueName;
    this.message = message;
    this.source = source;
    this.redelivery = redelivery;
    this.replayed = replayedBy(originIn(redelivery.origin));
    this.attempt = (redelivery.attempts ?? 0) + counted + 1;
    // A consumer that crashed wrote no first delivery down; the time of enqueueing is the closest known one.
    this.firstSeen = redelivery.firstSeen ?? (counted === 0 ? now : (message.enqueuedTimeUtc?.getTime() ?? now));
    this.#clock = clock;
    this.#minMs = minMs;
    this.expiresAt = this.#expiry(now, leaseMs, source.lockedUntil(message));
  }

  /** True while the lease can be settled, by the clock of this process. The broker may accept a late settlement. */
  get isHeld(): boolean {
    return !this.#settled && this.expiresAt > this.#clock.now();
  }

  /** @throws BeeHiveError `LeaseLost`. */
  assertHeld(): void {
    if (!this.isHeld) throw leaseLost(this);
  }

  /** Called after the lock was renewed, `at` being the time of the request. */
  renewed(at: number, leaseMs: number, lockedUntil: Date): void {
    this.expiresAt = this.#expiry(at, leaseMs, lockedUntil);
  }

  #expiry(now: number, leaseMs: number, lockedUntil: Date | undefined): number {
    return now + lockLeftMs({ now, lockedUntil: lockedUntil?.getTime(), leaseMs, minMs: this.#minMs });
  }

  /** Settles the message through its receiver. @param forGood false when it is to be delivered again. */
  async settle(settlement: () => Promise<void>, forGood: boolean): Promise<void> {
    this.assertHeld();
    this.#settled = true;
    try {
      await this.source.settle(settlement);
    } catch (error) {
      // The settlement may not have reached the broker: allow another.
      this.#settled = false;
      throw error;
    }
    await this.source.settled(this.message, forGood);
  }
}
