import type { Clock } from "../../../src/base/clock.ts";
import { isBeeHiveError } from "../../../src/base/errors.ts";
import type { AbandonOptions } from "../../../src/contract/queue-operator.ts";
import { leaseLost } from "../../../src/provider-kit/errors.ts";
import { visibilityLeft, visibilitySeconds, type AwsLease } from "./lease.ts";
import type { Load } from "./load.ts";
import type { Outbox } from "./outbox.ts";
import { delaySeconds } from "./publisher.ts";
import { attributesWith, type FifoRedeliveryStates, type RedeliveryState } from "./redelivery-state.ts";

export interface SettlementParts {
  readonly outbox: Outbox;
  readonly redeliveries: FifoRedeliveryStates;
  readonly load: Load;
  readonly clock: Clock;
}

/** Renews and ends leases. */
export class Settlement {
  readonly #parts: SettlementParts;

  constructor(parts: SettlementParts) {
    this.#parts = parts;
  }

  /**
   * Returns whether the lease is still held. While SQS does not respond, a lease is held until its end.
   *
   * @param failed receives the error of a renewal that failed.
   */
  async renew(lease: AwsLease, leaseMs: number, failed: (error: unknown) => void): Promise<boolean> {
    const { clock, outbox } = this.#parts;
    const now = clock.now();
    if (!lease.isHeld(now) || lease.handedOver) return lease.isHeld(now);
    const seconds = Math.min(visibilitySeconds(leaseMs), visibilityLeft(lease.received.receivedAt, now));
    // Near the end of the 12 hours nothing can be gained.
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

  /** Deletes the message. Lambda deletes messages that it handed over itself. */
  async deleteMessage(lease: AwsLease): Promise<void> {
    await this.#settle(lease, async () => {
      if (!lease.handedOver) await this.#parts.outbox.deleteMessage(lease.address, lease.received.receipt);
    });
    lease.removed = true;
  }

  /** Abandons the message by its visibility, which SQS counts as an attempt, or by a redelivery state. */
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

  /**
   * Delays the message until `due` with a redelivery state. It travels as a copy, or keeps its place in a FIFO queue.
   *
   * @param known the attempts and the first delivery that the state carries.
   */
  async delay(lease: AwsLease, due: number, known: Omit<RedeliveryState, "id" | "notBefore">): Promise<void> {
    const { clock, outbox, redeliveries, load } = this.#parts;
    const { address, received, event } = lease;
    const now = clock.now();
    const delayMs = Math.max(0, due - now);
    const state = { ...known, id: event.id, ...(delayMs > 0 && { notBefore: due }) };
    if (address.fifo) {
      // SQS continues its own count of receives.
      await redeliveries.write(address.name, received.messageId, {
        ...state,
        attempts: (known.attempts ?? 0) - received.receives,
      });
      const seconds = Math.min(Math.ceil(delayMs / 1_000), visibilityLeft(received.receivedAt, now));
      return await this.#settle(lease, () => outbox.changeVisibility(address, received.receipt, seconds));
    }
    const attributes = attributesWith({ ...state, origin: received.redelivery.origin }, received.attributes);
    await load.while(() =>
      outbox.send(address, { body: received.body, attributes, delaySeconds: delaySeconds(delayMs) }),
    );
    await this.deleteMessage(lease);
  }

  /** Ends a lease. @throws BeeHiveError `LeaseLost` when the lease ended before SQS responded. */
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
