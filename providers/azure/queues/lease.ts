import { leaseLost } from "../../../src/provider-kit/errors.ts";
import type { ServiceBusReceivedMessage } from "@azure/service-bus";
import type { Clock } from "../../../src/base/clock.ts";
import type { Event } from "../../../src/events/event.ts";
import type { QueueName } from "../../../src/events/queue-name.ts";
import type { Lease } from "../../../src/contract/queue-operator.ts";
import { lockLeftMs, type LockFacts } from "./lock-time.ts";
import type { Markings } from "./message.ts";
import type { Source } from "./source.ts";

/** A message under peek-lock. */
export class AzureLease implements Lease {
  readonly event: Event;
  readonly queueName: QueueName;
  readonly message: ServiceBusReceivedMessage;
  readonly source: Source;
  readonly markings: Markings;
  readonly attempt: number;
  readonly firstSeen: number;
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
      markings,
    }: Pick<AzureLease, "event" | "queueName" | "message" | "source" | "markings">,
    { leaseMs, minMs }: Pick<LockFacts, "leaseMs" | "minMs">,
    clock: Clock,
  ) {
    const now = clock.now();
    const counted = (message.deliveryCount ?? 0) - (markings.uncounted ?? 0);
    this.event = event;
    this.queueName = queueName;
    this.message = message;
    this.source = source;
    this.markings = markings;
    this.attempt = (markings.attempts ?? 0) + counted + 1;
    // Of a message whose consumer crashed nothing is known of its first delivery; it was not before its enqueueing.
    this.firstSeen = markings.firstSeen ?? (counted === 0 ? now : (message.enqueuedTimeUtc?.getTime() ?? now));
    this.#clock = clock;
    this.#minMs = minMs;
    this.expiresAt = this.#expiry(now, leaseMs, source.lockedUntil(message));
  }

  /** Whether it can still be settled, by our own clock: a broker may take a settlement that comes too late. */
  get isHeld(): boolean {
    return !this.#settled && this.expiresAt > this.#clock.now();
  }

  /** @throws BeeHiveError `LeaseLost`. */
  assertHeld(): void {
    if (!this.isHeld) throw leaseLost(this);
  }

  renewed(at: number, leaseMs: number, lockedUntil: Date): void {
    this.expiresAt = this.#expiry(at, leaseMs, lockedUntil);
  }

  #expiry(now: number, leaseMs: number, lockedUntil: Date | undefined): number {
    return now + lockLeftMs({ now, lockedUntil: lockedUntil?.getTime(), leaseMs, minMs: this.#minMs });
  }

  /** Settles it through its own receiver, for good or to come back. */
  async settle(settlement: () => Promise<void>, forGood: boolean): Promise<void> {
    this.assertHeld();
    this.#settled = true;
    try {
      await this.source.settle(settlement);
    } catch (error) {
      // What did not reach the broker may be tried again, another way perhaps.
      this.#settled = false;
      throw error;
    }
    await this.source.settled(this.message, forGood);
  }
}
