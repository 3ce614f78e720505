import type { Clock } from "../base/clock.ts";
import { isBeeHiveError, type BeeHiveError } from "../base/errors.ts";
import { deadLetterOf } from "../contract/dead-letter.ts";
import type { Lease, QueueOperator } from "../contract/queue-operator.ts";

/** A row that cannot be read, with the lease to settle it. */
export interface UnreadableRow<L extends Lease = Lease> {
  readonly lease: L;
  readonly problem: BeeHiveError;
}

/** The default retries of a hive. */
const maxAttempts = 10;
const minDelayMs = 250;
const maxDelayMs = 60_000;

/**
 * Settles rows that cannot be read, such as rows that another program wrote.
 *
 * A row is abandoned as often as an event is tried, because a later release may read it. Then it is dead-lettered.
 */
export class UnreadableRows<L extends Lease = Lease> {
  readonly #queues: Pick<QueueOperator<L>, "abandon" | "deadLetter">;
  readonly #clock: Clock;

  constructor(queues: Pick<QueueOperator<L>, "abandon" | "deadLetter">, clock: Clock) {
    this.#queues = queues;
    this.#clock = clock;
  }

  async settle(rows: readonly UnreadableRow<L>[]): Promise<void> {
    await Promise.all(rows.map((row) => this.#settleOne(row)));
  }

  async #settleOne({ lease, problem }: UnreadableRow<L>): Promise<void> {
    try {
      if (lease.attempt < maxAttempts) {
        const delayMs = Math.min(maxDelayMs, minDelayMs * 2 ** (lease.attempt - 1));
        return await this.#queues.abandon(lease, { delayMs, countAttempt: true });
      }
      const origin = {
        event: lease.event,
        actor: "",
        subscription: lease.queueName.toString(),
        attempts: lease.attempt,
        firstSeen: new Date(lease.firstSeen),
        lastSeen: new Date(this.#clock.now()),
      };
      await this.#queues.deadLetter(lease, deadLetterOf(origin, problem.message, problem));
    } catch (error) {
      // The lease ended meanwhile, so the row is leased and tried again.
      if (!isBeeHiveError(error, "LeaseLost")) throw error;
    }
  }
}
