import type { AwsLease } from "./lease.ts";
import type { Outbox } from "./outbox.ts";
import type { FifoRedeliveryStates, RedeliveryState } from "./redelivery-state.ts";
import type { Settlement } from "./settlement.ts";

/** Pause before an unreadable message is received again, in ms; doubled each time. */
const minWaitMs = 5_000;
const maxWaitMs = 60_000;
/** Maximum messages of FIFO queues whose unreadable receives are remembered. */
const maxRemembered = 10_000;

/**
 * Messages received while their redelivery state, their claim or the inbox could not be read.
 *
 * No actor has seen them, so they are abandoned without counting an attempt.
 */
export class UnreadableMessages {
  readonly #settlement: Settlement;
  readonly #outbox: Outbox;
  readonly #states: FifoRedeliveryStates;
  /** Receives that do not count as attempts, by message id. */
  readonly #uncounted = new Map<string, number>();

  constructor(settlement: Settlement, outbox: Outbox, states: FifoRedeliveryStates) {
    this.#settlement = settlement;
    this.#outbox = outbox;
    this.#states = states;
  }

  async abandon(lease: AwsLease, now: number): Promise<void> {
    lease.assertHeld(now);
    const { address, received, attempt, firstSeen } = lease;
    if (!address.fifo) {
      const { unread = 0 } = received.redelivery;
      const known = { attempts: attempt - 1, firstSeen: attempt > 1 ? firstSeen : undefined, unread: unread + 1 };
      return await this.#settlement.delay(lease, now + waitMs(unread), known);
    }
    const unread = this.#uncounted.get(received.messageId) ?? 0;
    // Its state is a row in the table, which may be unavailable now; it is written with the next successful read.
    this.#remember(received.messageId);
    await this.#outbox.changeVisibility(address, received.receipt, waitMs(unread) / 1_000);
  }

  #remember(messageId: string): void {
    const [oldest] = this.#uncounted.keys();
    if (this.#uncounted.size >= maxRemembered && oldest !== undefined) this.#uncounted.delete(oldest);
    this.#uncounted.set(messageId, (this.#uncounted.get(messageId) ?? 0) + 1);
  }

  /** Returns the state of a message of a FIFO queue, with receives that were not recorded. */
  async redeliveryOf(queue: string, messageId: string): Promise<RedeliveryState> {
    const state = await this.#states.read(queue, messageId);
    const uncounted = this.#uncounted.get(messageId);
    if (uncounted === undefined) return state;
    const caughtUp = { ...state, attempts: (state.attempts ?? 0) - uncounted };
    await this.#states.write(queue, messageId, caughtUp);
    this.#uncounted.delete(messageId);
    return caughtUp;
  }
}

/** @param times how often the message could not be read before. */
function waitMs(times: number): number {
  return Math.min(maxWaitMs, minWaitMs * 2 ** times);
}
