import { isStart } from "../actors/descriptor.ts";
import { BeeHiveError } from "../base/errors.ts";
import { inBatches } from "../base/in-batches.ts";
import { objectProblems, throwProblems } from "../base/problems.ts";
import type { DeadLetter } from "../contract/dead-letter.ts";
import type { Provider } from "../contract/provider.ts";
import type { ByOperator, OperatedState, PauseOptions, SettingsChange } from "../controls/controls.ts";
import type { QueueCounts, QueueOperator } from "../contract/queue-operator.ts";
import type { LogPosition, ReplayedOutputs, StartPosition } from "../contract/topic-log.ts";
import type { QueueName } from "../events/queue-name.ts";
import { clearedStores, type StoreToClear } from "./cleared-stores.ts";
import { logOf } from "./hive-log.ts";
import type { Operator } from "./operator.ts";

/** Selects dead letters: the id of a letter or of its event, or all letters present now. */
export type WhichLetters = string | { readonly all: true };

/** Where a subscription goes, and what becomes of the outputs of events that it handles again. */
export interface RewindOptions {
  readonly to: StartPosition;
  readonly outputs: ReplayedOutputs;
  /**
   * Stores that are emptied in the same act: their tokens, and counters by name.
   *
   * @default None.
   * @example
   * { to: "beginning", outputs: "drop", clear: [Totals, { counter: "Sold" }] }
   */
  readonly clear?: readonly StoreToClear[] | undefined;
}

function rewindProblems(options: unknown): string[] {
  const problems = objectProblems("rewind", options);
  if (problems.length > 0) return problems;
  const { to, outputs, clear = [] } = options as Partial<RewindOptions>;
  return [
    ...(to !== undefined && isStart(to) ? [] : ["to must be now, beginning, latest-per-key, a date or a position"]),
    ...(outputs === "drop" || outputs === "publish"
      ? []
      : ['outputs must be "drop" or "publish"; there is no default']),
    ...(Array.isArray(clear) ? [] : ["clear must be a list of stores"]),
  ];
}

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
  readonly #provider: Provider;
  readonly #operator: Operator;
  readonly #queues: QueueOperator;

  /** @internal Created by `hive.queue`. */
  constructor(name: QueueName, provider: Provider, operator: Operator) {
    this.name = name;
    this.#operator = operator;
    this.#provider = provider;
    this.#queues = provider.queues;
  }

  /**
   * Returns how many events are ready, leased, delayed and dead-lettered; approximate on a cloud.
   *
   * @throws BeeHiveError `QueueNotFound`.
   */
  counts(): Promise<QueueCounts> {
    return this.#queues.counts(this.name);
  }

  /**
   * Leases nothing in any process until an operator resumes, or until the end of the pause.
   *
   * Events in work are finished. Other processes follow within seconds, also those that start later.
   *
   * @throws BeeHiveError `QueueNotFound`, `InvalidConfiguration` for a wrong option.
   * @example
   * await queue.pause({ reason: "the bank is down", until: new Date(Date.now() + 3_600_000), by: "ada" });
   */
  async pause(options: PauseOptions): Promise<void> {
    await this.#assertRead("pause");
    await this.#operator.controls.pause("queue", this.name.toString(), options);
  }

  /**
   * Leases events again. Does nothing when no operator has paused it.
   *
   * @throws BeeHiveError `InvalidState` while all subscriptions are paused.
   */
  resume(options: ByOperator): Promise<void> {
    return this.#operator.controls.resume("queue", this.name.toString(), options);
  }

  /**
   * Changes settings of the subscription while hives work on it, in every process.
   *
   * @throws BeeHiveError `QueueNotFound`, `InvalidConfiguration` for a wrong value.
   * @example
   * await queue.set({ parallelism: 20, throttle: { limit: 100, per: "1m" }, by: "ada" });
   */
  async set(change: SettingsChange): Promise<void> {
    await this.#assertRead("set");
    await this.#operator.controls.set(this.name.toString(), change);
  }

  /** Returns what operators have set for the subscription; the pause of all subscriptions counts. */
  async operated(): Promise<OperatedState> {
    const { all, queues } = await this.#operator.states();
    const { pause, settings } = queues.get(this.name.toString()) ?? {};
    return { pause: pause ?? all, settings };
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

  /**
   * Returns where the subscription is in the log of its topic, and how far behind.
   *
   * @throws BeeHiveError `InvalidState` when the topic keeps no events, `QueueNotFound`.
   */
  async position(): Promise<LogPosition> {
    return await logOf(this.#provider).position(this.name);
  }

  /**
   * Moves the subscription back or forth in the log of its topic, in one atomic act.
   *
   * Steps under way lose their leases and publish nothing; events that waited leave the queue; dead letters stay. Each
   * event up to the newest is delivered again, with `context.replayed`.
   *
   * @param options `to`: where it goes on. `outputs`: `publish` publishes what its actor returns for replayed events,
   *   under ids of their own; `drop` discards it. There is no default. `clear`: the stores that are emptied.
   * @throws BeeHiveError `InvalidState` when the topic keeps no events, `InvalidConfiguration` for a wrong option,
   *   `QueueNotFound`.
   * @example
   * await hive.queue("OrderAccepted-Totals").rewind({ to: "beginning", outputs: "drop", clear: [Totals] });
   */
  async rewind(options: RewindOptions): Promise<void> {
    throwProblems(rewindProblems(options));
    const { to, outputs, clear = [] } = options;
    await logOf(this.#provider).rewind(this.name, to, outputs, clearedStores(this.#provider, clear));
  }

  async #assertRead(act: string): Promise<void> {
    const { kind, topic } = this.name;
    if (kind === "topic")
      throw new BeeHiveError(
        "InvalidQueueName",
        `Cannot ${act} ${this.name}: it is a topic, which nobody reads. Name a subscription of it: ${topic}-Something.`,
      );
    await this.#operator.assertQueue(this.name);
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
