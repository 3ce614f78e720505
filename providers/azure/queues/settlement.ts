import type { Clock } from "../../../src/base/clock.ts";
import type { DeadLetterRecord } from "../../../src/contract/dead-letter.ts";
import type { AbandonOptions } from "../../../src/contract/queue-operator.ts";
import { translate, translateErrors } from "../errors.ts";
import { toDeadLetterOptions } from "./dead-letters.ts";
import type { AzureLease } from "./lease.ts";
import { copyId, redeliveryProperties, uncounted } from "./message.ts";
import type { Publisher } from "./publisher.ts";
import type { Throttling } from "./throttling.ts";

export interface SettlementParts {
  readonly publisher: Publisher;
  readonly throttling: Throttling;
  readonly clock: Clock;
}

/** Renews, commits, abandons and dead-letters leases. */
export class Settlement {
  readonly #parts: SettlementParts;

  constructor(parts: SettlementParts) {
    this.#parts = parts;
  }

  /** Renews the lock; returns whether the lease is still held. */
  async renew(lease: AzureLease, leaseMs: number): Promise<boolean> {
    if (!lease.isHeld) return false;
    const at = this.#parts.clock.now();
    try {
      lease.renewed(at, leaseMs, await lease.source.renew(lease.message));
      return true;
    } catch (cause) {
      const error = translate(cause, `renew the lock on the event ${lease.event.id}`);
      if (error.code === "LeaseLost") return false;
      throw error;
    }
  }

  async commit(lease: AzureLease): Promise<void> {
    const { source, message } = lease;
    await this.#settle(lease, "commit", true, () => source.receiver.completeMessage(message));
  }

  /**
   * Abandons the message. Without a session, a delay is a scheduled copy.
   *
   * Service Bus counts every delivery. A message property therefore holds the number of those that are no attempts.
   */
  async abandon(lease: AzureLease, { delayMs, countAttempt }: AbandonOptions): Promise<void> {
    lease.assertHeld();
    const { source, message, firstSeen } = lease;
    if (delayMs > 0 && !source.isOrdered) return await this.#delay(lease, delayMs, countAttempt);
    const changes = { ...redeliveryProperties({ firstSeen }), ...(countAttempt ? {} : uncounted(message)) };
    await this.#settle(lease, "abandon", false, () => source.abandon(message, delayMs, changes));
  }

  /**
   * Schedules a copy and completes the original, so that a delayed event holds no lock.
   *
   * A crash in between leaves both: the original is delivered again. If it fails again, its next copy has the same id
   * as the first, and duplicate detection drops it.
   */
  async #delay(lease: AzureLease, delayMs: number, countAttempt: boolean): Promise<void> {
    const { event, queueName, source, message, attempt, firstSeen, redelivery } = lease;
    const { publisher, clock } = this.#parts;
    await publisher.requeue(event, queueName, {
      id: copyId(message.messageId, queueName),
      at: clock.now() + delayMs,
      redelivery: {
        claim: redelivery.claim,
        origin: redelivery.origin,
        attempts: countAttempt ? attempt : attempt - 1,
        firstSeen,
      },
    });
    await this.#settle(lease, "abandon", true, () => source.receiver.completeMessage(message));
  }

  async deadLetter(lease: AzureLease, letter: DeadLetterRecord): Promise<void> {
    const { source, message } = lease;
    await this.#settle(lease, "dead-letter", true, () =>
      source.receiver.deadLetterMessage(message, toDeadLetterOptions(letter)),
    );
  }

  #settle(lease: AzureLease, what: string, forGood: boolean, settlement: () => Promise<void>): Promise<void> {
    const settled = translateErrors(`${what} the event ${lease.event.id} from ${lease.queueName}`, () =>
      lease.settle(settlement, forGood),
    );
    return this.#parts.throttling.countRefusals("settle", settled);
  }
}
