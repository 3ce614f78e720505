import { leaseLost } from "../../../src/provider-kit/errors.ts";
import type { Event } from "../../../src/events/event.ts";
import type { QueueName } from "../../../src/events/queue-name.ts";
import type { Lease } from "../../../src/contract/queue-operator.ts";
import type { QueueAddress } from "./addresses.ts";
import type { Received } from "./received.ts";

/** SQS: a message stays invisible for 12 hours in total from its receive. To ask for more is refused, not clamped. */
const maxVisibilitySeconds = 43_200;
/** What is asked for above the lease, so that ours ends first: whole seconds, and the way to SQS and back. */
const marginSeconds = 1;

export const maxLeaseMs: number = (maxVisibilitySeconds - marginSeconds) * 1_000;

/** The visibility timeout for a lease of `leaseMs`: whole seconds, and longer than the lease. */
export function visibilitySeconds(leaseMs: number): number {
  return Math.min(maxVisibilitySeconds, Math.ceil(leaseMs / 1_000) + marginSeconds);
}

/** How long a message that was received at `receivedAt` can still be made invisible at `now`, in seconds. */
export function visibilityLeft(receivedAt: number, now: number): number {
  // A second less: that much may pass until SQS reads the request.
  return Math.max(0, maxVisibilitySeconds - Math.ceil((now - receivedAt) / 1_000) - marginSeconds);
}

/** A message of SQS that is leased. SQS takes a stale receipt for a success, so its end is kept here. */
export class AwsLease implements Lease {
  readonly event: Event;
  readonly queueName: QueueName;
  readonly attempt: number;
  readonly firstSeen: number;
  readonly address: QueueAddress;
  readonly received: Received;
  expiresAt: number;
  /** Whether the message was handed over by Lambda, which removes it itself when it is not reported as failed. */
  readonly handedOver: boolean;
  /** The message is gone from its queue, or is to go. */
  removed = false;
  #settled = false;

  constructor(
    given: Pick<
      AwsLease,
      "event" | "queueName" | "attempt" | "firstSeen" | "address" | "received" | "expiresAt" | "handedOver"
    >,
  ) {
    this.event = given.event;
    this.queueName = given.queueName;
    this.attempt = given.attempt;
    this.firstSeen = given.firstSeen;
    this.address = given.address;
    this.received = given.received;
    this.expiresAt = given.expiresAt;
    this.handedOver = given.handedOver;
  }

  isHeld(now: number): boolean {
    return !this.#settled && this.expiresAt > now;
  }

  /** @throws BeeHiveError `LeaseLost`. */
  assertHeld(now: number): void {
    if (!this.isHeld(now)) throw leaseLost(this);
  }

  /** Notes a settlement that SQS has answered. @throws BeeHiveError `LeaseLost` when the answer may have come too late. */
  settle(now: number): void {
    // Between our end and that of SQS, a second later, nobody else can have had the message.
    if (now >= this.expiresAt + marginSeconds * 1_000) throw leaseLost(this);
    this.#settled = true;
  }
}
