import type { Clock } from "../../../src/base/clock.ts";
import type { DeadLetterRecord } from "../../../src/contract/dead-letter.ts";
import type { AbandonOptions } from "../../../src/contract/queue-operator.ts";
import { copyId } from "./copy-id.ts";
import { toDeadLetterOptions } from "./dead-letters.ts";
import { translated, translating } from "../errors.ts";
import type { AzureLease } from "./lease.ts";
import { marked, uncounted } from "./message.ts";
import type { Publisher } from "./publisher.ts";
import type { Throttling } from "./throttling.ts";

export interface SettlementParts {
  readonly publisher: Publisher;
  readonly throttling: Throttling;
  readonly clock: Clock;
}

/** Ends leases, and makes them longer. */
export class Settlement {
  readonly #parts: SettlementParts;

  constructor(parts: SettlementParts) {
    this.#parts = parts;
  }

  /** Whether the lease is still held. */
  async renew(lease: AzureLease, leaseMs: number): Promise<boolean> {
    if (!lease.isHeld) return false;
    const at = this.#parts.clock.now();
    try {
      lease.renewed(at, leaseMs, await lease.source.renew(lease.message));
      return true;
    } catch (cause) {
      const error = translated(cause, `renew the lock on the event ${lease.event.id}`);
      if (error.code === "LeaseLost") return false;
      throw error;
    }
  }

  async commit(lease: AzureLease): Promise<void> {
    const { source, message } = lease;
    await this.#settle(lease, "commit", true, () => source.receiver.completeMessage(message));
  }

  /** Gives the message back. Service Bus counts every delivery, be it abandoned or deferred: what does not count is said in it. */
  async abandon(lease: AzureLease, { delayMs, countAttempt }: AbandonOptions): Promise<void> {
    lease.assertHeld();
    const { source, message, firstSeen } = lease;
    if (delayMs > 0 && !source.isOrdered) return await this.#delay(lease, delayMs, countAttempt);
    const changes = { ...marked({ firstSeen }), ...(countAttempt ? {} : uncounted(message)) };
    await this.#settle(lease, "abandon", false, () => source.giveBack(message, delayMs, changes));
  }

  /**
   * Schedules a copy and completes the original, so that what waits holds no lock. A crash between both leaves two: the
   * original comes back, and if it fails again its copy has the same id and is dropped, where duplicates are.
   */
  async #delay(lease: AzureLease, delayMs: number, countAttempt: boolean): Promise<void> {
    const { event, queueName, source, message, attempt, firstSeen, markings } = lease;
    const { publisher, clock } = this.#parts;
    await publisher.sendBack(event, queueName, {
      id: copyId(message.messageId, queueName),
      at: clock.now() + delayMs,
      markings: { claim: markings.claim, attempts: countAttempt ? attempt : attempt - 1, firstSeen },
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
    const settled = translating(`${what} the event ${lease.event.id} from ${lease.queueName}`, () =>
      lease.settle(settlement, forGood),
    );
    return this.#parts.throttling.watching("settle", settled);
  }
}
