import { BeeHiveError } from "../base/errors.ts";
import { inBatches } from "../base/in-batches.ts";
import type { DeadLetter } from "../contract/dead-letter.ts";
import type { QueueCounts, QueueOperator } from "../contract/queue-operator.ts";
import type { QueueName } from "../events/queue-name.ts";

/** Selects dead letters: the id of a letter or of its event, or all letters present now. */
export type WhichLetters = string | { readonly all: true };

/**
 * A subscription or queue, to look after. Returned by `hive.queue(name)`.
 *
 * @example
 * const queue = hive.queue("OrderAccepted-Payment");
 * for await (const { id, reason } of queue.deadLetters()) console.log(id, reason);
 * await queue.requeue({ all: true });
 */
export class HiveQueue {
  readonly name: QueueName;
  readonly #queues: QueueOperator;

  /** @internal Created by `hive.queue`. */
  constructor(name: QueueName, queues: QueueOperator) {
    this.name = name;
    this.#queues = queues;
  }

  /**
   * Returns how many events are ready, leased, delayed and dead-lettered; approximate on a cloud.
   *
   * @throws BeeHiveError `QueueNotFound`.
   */
  counts(): Promise<QueueCounts> {
    return this.#queues.counts(this.name);
  }

  /** Yields the dead letters, oldest first. @throws BeeHiveError `QueueNotFound`. */
  deadLetters(): AsyncIterable<DeadLetter> {
    return this.#queues.deadLetters(this.name);
  }

  /**
   * Requeues dead letters to this queue alone and resets their attempts. Returns how many.
   *
   * The id of an event selects one of its letters, the oldest where the provider keeps an order.
   *
   * @throws BeeHiveError `NotFound` when there is no such letter.
   */
  requeue(which: WhichLetters): Promise<number> {
    return this.#forLetters(which, (id) => this.#queues.requeue(this.name, id));
  }

  /** Drops dead letters for good, selected as by {@link requeue}. Returns how many. @throws BeeHiveError `NotFound`. */
  drop(which: WhichLetters): Promise<number> {
    return this.#forLetters(which, (id) => this.#queues.drop(this.name, id));
  }

  async #forLetters(which: WhichLetters, settle: (id: string) => Promise<void>): Promise<number> {
    const ids = typeof which === "string" ? [which] : await this.#allIds(which);
    await inBatches(ids, settle);
    return ids.length;
  }

  /** Lists all ids first. An event that is dead-lettered again at once must not be requeued twice. */
  async #allIds(which: { readonly all: true }): Promise<readonly string[]> {
    // Checked at run time as well, because `drop` is final.
    if ((which as { readonly all?: unknown } | undefined)?.all !== true)
      throw new BeeHiveError(
        "InvalidKey",
        "Name the dead letters: the id of a letter or of an event, or { all: true }.",
      );
    const ids: string[] = [];
    for await (const { id } of this.deadLetters()) ids.push(id);
    return ids;
  }
}
