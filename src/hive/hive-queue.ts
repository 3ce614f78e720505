import { BeeHiveError } from "../base/errors.ts";
import { inBatches } from "../base/in-batches.ts";
import type { DeadLetter } from "../contract/dead-letter.ts";
import type { QueueCounts, QueueOperator } from "../contract/queue-operator.ts";
import type { QueueName } from "../events/queue-name.ts";

/** Which dead letters: the id of one of them or of its event, or all that are there now. */
export type WhichLetters = string | { readonly all: true };

/**
 * One subscription or queue, for those who look after it. Returned by `hive.queue(name)`.
 *
 * @example
 * const queue = hive.queue("OrderAccepted-Payment");
 * for await (const { id, reason } of queue.deadLetters()) console.log(id, reason);
 * await queue.requeue({ all: true });
 */
export class HiveQueue {
  readonly name: QueueName;
  readonly #queues: QueueOperator;

  /** @internal Made by `hive.queue`. */
  constructor(name: QueueName, queues: QueueOperator) {
    this.name = name;
    this.#queues = queues;
  }

  /** Returns how many events are ready, leased, delayed and dead; approximate on a cloud. @throws BeeHiveError `QueueNotFound`. */
  counts(): Promise<QueueCounts> {
    return this.#queues.counts(this.name);
  }

  /** Yields the dead letters, oldest first. @throws BeeHiveError `QueueNotFound`. */
  deadLetters(): AsyncIterable<DeadLetter> {
    return this.#queues.deadLetters(this.name);
  }

  /**
   * Sends dead letters back to this queue alone, their attempts forgotten. Returns how many.
   *
   * The id of an event takes one of its letters, the oldest where the provider knows an order. The id of a letter takes
   * that one.
   *
   * @throws BeeHiveError `NotFound` when there is no such letter.
   */
  requeue(which: WhichLetters): Promise<number> {
    return this.#forLetters(which, (id) => this.#queues.requeue(this.name, id));
  }

  /** Removes dead letters for good, chosen as by {@link requeue}. Returns how many. @throws BeeHiveError `NotFound`. */
  drop(which: WhichLetters): Promise<number> {
    return this.#forLetters(which, (id) => this.#queues.drop(this.name, id));
  }

  async #forLetters(which: WhichLetters, settle: (id: string) => Promise<void>): Promise<number> {
    const ids = typeof which === "string" ? [which] : await this.#allIds(which);
    await inBatches(ids, settle);
    return ids.length;
  }

  /** Lists all ids before the first letter is taken: a letter that dies again at once must not be met twice. */
  async #allIds(which: { readonly all: true }): Promise<readonly string[]> {
    // Callers without a compiler may say anything, and `drop` is for good.
    if ((which as { readonly all?: unknown } | undefined)?.all !== true)
      throw new BeeHiveError(
        "InvalidKey",
        "Say which dead letters: the id of a letter or of an event, or { all: true }.",
      );
    const ids: string[] = [];
    for await (const { id } of this.deadLetters()) ids.push(id);
    return ids;
  }
}
