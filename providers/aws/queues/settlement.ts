import { leaseLost } from "../../../src/provider-kit/errors.ts";
import type { Clock } from "../../../src/base/clock.ts";
import { isBeeHiveError } from "../../../src/base/errors.ts";
import type { AbandonOptions } from "../../../src/contract/queue-operator.ts";
import type { Load } from "./load.ts";
import { visibilityLeft, visibilitySeconds, type AwsLease } from "./lease.ts";
import { attributesWith, type FifoRedeliveryStates, type RedeliveryState } from "./redelivery-state.ts";
import type { Outbox } from "./outbox.ts";
import { delaySeconds } from "./publisher.ts";

export interface SettlementParts {
  readonly outbox: Outbox;
  readonly redeliveries: FifoRedeliveryStates;
  readonly load: Load;
  readonly clock: Clock;
}

/** Ends leases, and makes them longer. */
export class Settlement {
  readonly #parts: SettlementParts;

  constructor(parts: SettlementParts) {
    this.#parts = parts;
  }

  /**
   * Returns whether the lease is still held; true also when SQS could not answer, as long as it has not ended.
   *
   * @param failed told why it could not be made longer.
   */
  async renew(lease: AwsLease, leaseMs: number, failed: (error: unknown) => void): Promise<boolean> {
    const { clock, outbox } = this.#parts;
    const now = clock.now();
    if (!lease.isHeld(now) || lease.handedOver) return lease.isHeld(now);
    const seconds = Math.min(visibilitySeconds(leaseMs), visibilityLeft(lease.received.receivedAt, now));
    // Near the end of the 12 hours there is nothing to gain.
    if (seconds <= visibilitySeconds(0)) return true;
    try {
      await outbox.changeVisibility(lease.address, lease.received.receipt, seconds);
      if (lease.isHeld(now)) lease.expiresAt = now + Math.min(leaseMs, (seconds - visibilitySeconds(0)) * 1_000);
    } catch (error) {
      if (isBeeHiveError(error, "LeaseLost")) return false;
      failed(error);
    }
    return lease.isHeld(clock.now());
  }

  /** Removes the message. Lambda does it itself for those that it handed over. */
  async deleteMessage(lease: AwsLease): Promise<void> {
    await this.#settle(lease, async () => {
      if (!lease.handedOver) await this.#parts.outbox.deleteMessage(lease.address, lease.received.receipt);
    });
    lease.removed = true;
  }

  /** Gives the message back: as visibility, which SQS counts by itself, unless that cannot say what is meant. */
  async abandon(lease: AwsLease, { delayMs, countAttempt }: AbandonOptions): Promise<void> {
    const { clock, outbox } = this.#parts;
    const now = clock.now();
    lease.assertHeld(now);
    const { received, address, attempt, firstSeen } = lease;
    const seconds = Math.ceil(Math.max(0, delayMs) / 1_000);
    if (countAttempt && seconds <= visibilityLeft(received.receivedAt, now))
      return await this.#settle(lease, () => outbox.changeVisibility(address, received.receipt, seconds));
    await this.delay(lease, now + delayMs, { firstSeen, attempts: countAttempt ? attempt : attempt - 1 });
  }

  /** Gives the message back until `due` with a note: as a copy, or in its place in a FIFO queue. */
  async delay(lease: AwsLease, due: number, known: Omit<RedeliveryState, "id" | "notBefore">): Promise<void> {
    const { clock, outbox, redeliveries, load } = this.#parts;
    const { address, received, event } = lease;
    const now = clock.now();
    const delayMs = Math.max(0, due - now);
    const state = { ...known, id: event.id, ...(delayMs > 0 && { notBefore: due }) };
    if (address.fifo) {
      // SQS will count on from what it has counted.
      await redeliveries.write(address.name, received.messageId, {
        ...state,
        attempts: (known.attempts ?? 0) - received.receives,
      });
      const seconds = Math.min(Math.ceil(delayMs / 1_000), visibilityLeft(received.receivedAt, now));
      return await this.#settle(lease, () => outbox.changeVisibility(address, received.receipt, seconds));
    }
    const attributes = attributesWith(state, received.attributes);
    await load.while(() =>
      outbox.send(address, { body: received.body, attributes, delaySeconds: delaySeconds(delayMs) }),
    );
    await this.deleteMessage(lease);
  }

  /** Ends a lease. @throws BeeHiveError `LeaseLost` when it was over before SQS answered. */
  async #settle(lease: AwsLease, ending: () => Promise<void>): Promise<void> {
    const { clock, load } = this.#parts;
    lease.assertHeld(clock.now());
    try {
      await load.while(ending);
    } catch (error) {
      throw isBeeHiveError(error, "LeaseLost") ? leaseLost(lease, error) : error;
    }
    load.end(lease);
    lease.settle(clock.now());
  }
}
