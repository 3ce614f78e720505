import type { Lease } from "../../../src/contract/queue-operator.ts";
import type { Replayed } from "../../../src/contract/topic-log.ts";
import type { Event } from "../../../src/events/event.ts";
import type { QueueName } from "../../../src/events/queue-name.ts";
import { originIn, replayedBy, type CopyOrigin } from "../../../src/provider-kit/archive/index.ts";
import { leaseLost } from "../../../src/provider-kit/errors.ts";
import type { QueueAddress } from "./addresses.ts";
import type { Received } from "./received.ts";

/**
 * Limit of SQS: a message stays invisible for 12 hours in total from its receive. SQS refuses more instead of reducing
 * it.
 */
const maxVisibilitySeconds = 43_200;
/** Added to the lease for rounding and the round trip. So the lease ends before the visibility. */
const marginSeconds = 1;

export const maxLeaseMs: number = (maxVisibilitySeconds - marginSeconds) * 1_000;

/** Returns the visibility timeout for a lease: whole seconds, and longer than the lease. */
export function visibilitySeconds(leaseMs: number): number {
  return Math.min(maxVisibilitySeconds, Math.ceil(leaseMs / 1_000) + marginSeconds);
}

/** Returns the remaining seconds of the 12 hours for which a message can be invisible. */
export function visibilityLeft(receivedAt: number, now: number): number {
  // A second less, for the time until SQS reads the request.
  return Math.max(0, maxVisibilitySeconds - Math.ceil((now - receivedAt) / 1_000) - marginSeconds);
}

/**
 * A leased message of SQS.
 *
 * It keeps its own end, because SQS accepts a stale receipt as a success.
 */
export class AwsLease implements Lease {
  readonly event: Event;
  readonly queueName: QueueName;
  readonly attempt: number;
  readonly firstSeen: number;
  readonly address: QueueAddress;
  readonly received: Received;
  /** The place in the log of a copy that the log sent. */
  readonly origin: CopyOrigin | undefined;
  readonly replayed: Replayed | undefined;
  expiresAt: number;
  /** True for messages from Lambda, which deletes them itself unless they are reported as failed. */
  readonly handedOver: boolean;
  /** True when the message is deleted, or when Lambda may delete it. */
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
    this.origin = originIn(given.received.redelivery.origin);
    this.replayed = replayedBy(this.origin);
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

  /** Marks the lease as settled. @throws BeeHiveError `LeaseLost` when the response of SQS may have come too late. */
  settle(now: number): void {
    // Between the end of the lease and the end of the visibility, one second later, no other consumer gets the message.
    if (now >= this.expiresAt + marginSeconds * 1_000) throw leaseLost(this);
    this.#settled = true;
  }
}
