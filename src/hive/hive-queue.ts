import { BeeHiveError } from "../base/errors.ts";
import { inBatches } from "../base/in-batches.ts";
import { throwProblems } from "../base/problems.ts";
import type { DeadLetter } from "../contract/dead-letter.ts";
import type { Provider } from "../contract/provider.ts";
import type { ByOperator, OperatedState, PauseOptions, SettingsChange } from "../controls/controls.ts";
import type { QueueCounts, QueueOperator } from "../contract/queue-operator.ts";
import type { LogPosition } from "../contract/topic-log.ts";
import type { QueueName } from "../events/queue-name.ts";
import { checkedDuration } from "../base/checked-number.ts";
import type { Duration } from "../base/duration.ts";
import { time } from "../base/numbers.ts";
import { assertAct, operatorProblems } from "../controls/checks.ts";
import { clearedStores } from "./cleared-stores.ts";
import { logOf } from "./hive-log.ts";
import { chosen, type ChosenLetter } from "./letters/choice.ts";
import { exportLine } from "./letters/export.ts";
import { causeOf, groupsOf, type LetterGroup } from "./letters/groups.ts";
import { mended, type LetterChanges } from "./letters/mend.ts";
import { requeueInSteps, type StepsEnd } from "./letters/requeue-steps.ts";
import type { Operating } from "./operating.ts";
import { rewindProblems, rewoundText, type RewindOptions } from "./rewind.ts";
import { peekEvents, purgeEvents, type PeekedEvent, type PeekOptions } from "./withdraw.ts";

/**
 * Selects dead letters: by the id of a letter or of its event, by ids of letters, by the key of a {@link LetterGroup}, or
 * all letters present now.
 */
export type WhichLetters =
  | string
  | { readonly all: true }
  | { readonly ids: readonly string[] }
  | { readonly group: string };

/** How {@link HiveQueue.requeueInSteps} works. */
export interface RequeueStepsOptions extends Partial<ByOperator> {
  /** How long a step may take until its events are settled. @default "5m" */
  readonly wait?: Duration | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called as letters are requeued. */
  readonly onProgress?: ((progress: { readonly requeued: number; readonly of: number }) => void) | undefined;
}

/** How requeueing in steps ended. */
export interface RequeuedInSteps {
  /** `dead again`: some events of the last step became dead letters. `unsettled`: the last step took too long. */
  readonly end: StepsEnd["end"];
  readonly requeued: number;
  readonly of: number;
  /** The ids of the events that died again. */
  readonly again: readonly string[];
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
  readonly #operator: Operating;
  readonly #queues: QueueOperator;

  /** @internal Created by `hive.queue`. */
  constructor(name: QueueName, provider: Provider, operator: Operating) {
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
   * Leases events again. Does nothing when no operator has paused it, and returns false.
   *
   * @throws BeeHiveError `InvalidState` while all subscriptions are paused, `QueueNotFound`.
   */
  async resume(options: ByOperator): Promise<boolean> {
    const ended = await this.#operator.controls.resume("queue", this.name.toString(), options);
    // A pause outlives its subscription, so the name is checked only where there is none.
    if (!ended) await this.#assertRead("resume");
    return ended;
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
   * Returns the next events, without leasing them; their bodies only when asked for.
   *
   * @throws BeeHiveError `QueueNotFound`, `InvalidState` with the reason where the provider cannot, such as SQS.
   * @example
   * for (const { id, state, attempts } of await queue.peek({ limit: 5 })) console.log(id, state, attempts);
   */
  peek(options: PeekOptions = {}): Promise<readonly PeekedEvent[]> {
    return peekEvents(this.#provider, this.name, options);
  }

  /**
   * Returns where an event of this queue is, and what it waits for; `undefined` when the queue does not hold it.
   *
   * @throws BeeHiveError as {@link peek}.
   * @example
   * const { heldBy } = (await queue.explain(id)) ?? {};
   * if (heldBy) console.log(`behind ${heldBy.eventId}, tried again at ${new Date(heldBy.dueAt ?? 0)}`);
   */
  async explain(id: string): Promise<PeekedEvent | undefined> {
    const [found] = await this.peek({ id, limit: 1 });
    return found;
  }

  /**
   * Removes the events that are ready or delayed. Leased ones and dead letters stay.
   *
   * Returns how many; with `dryRun` how many it would remove, and `undefined` where the provider cannot tell. SQS takes up
   * to a minute, and removes leased ones, too.
   *
   * @throws BeeHiveError `QueueNotFound`, `InvalidState` with the reason where the provider cannot.
   * @example
   * await queue.purge({ by: "ada" });
   */
  async purge({ by, dryRun = false }: ByOperator & { readonly dryRun?: boolean }): Promise<number | undefined> {
    assertAct("purge", this.name.toString(), operatorProblems(by));
    if (dryRun) {
      const { ready, delayed } = await this.counts();
      return ready + delayed;
    }
    const purged = await purgeEvents(this.#provider, this.name);
    await this.#record(by, "purge", purged === undefined ? undefined : `${purged} events`);
    return purged;
  }

  /** Returns the dead letters by cause, the largest group first. Reads all of them. */
  letterGroups(): Promise<readonly LetterGroup[]> {
    return groupsOf(this.deadLetters());
  }

  /** Returns the letter with that id, or the oldest of the event with that id. @throws BeeHiveError `NotFound`. */
  async letter(id: string): Promise<DeadLetter> {
    let ofEvent: DeadLetter | undefined;
    for await (const letter of this.deadLetters()) {
      if (letter.id === id) return letter;
      if (letter.event.id === id) ofEvent ??= letter;
    }
    if (ofEvent) return ofEvent;
    throw this.#noLetter(id);
  }

  #noLetter(id: string): BeeHiveError {
    return new BeeHiveError("NotFound", `The dead letters of "${this.name}" hold no letter and no event ${id}.`);
  }

  /**
   * Requeues dead letters to this queue alone and resets their attempts. Returns how many.
   *
   * The id of an event selects one of its letters, the oldest where the provider keeps an order.
   *
   * @param options `by`: who does it, for the record of acts.
   * @throws BeeHiveError `NotFound` when there is no such letter.
   */
  requeue(which: WhichLetters, options: Partial<ByOperator> = {}): Promise<number> {
    return this.#forLetters(which, "requeue", options, (id) => this.#queues.requeue(this.name, id));
  }

  /** Drops dead letters for good, selected as by {@link requeue}. Returns how many. @throws BeeHiveError `NotFound`. */
  drop(which: WhichLetters, options: Partial<ByOperator> = {}): Promise<number> {
    return this.#forLetters(which, "drop", options, (id) => this.#queues.drop(this.name, id));
  }

  /**
   * Requeues a dead letter with a changed body, type or properties, under the id of its event.
   *
   * @throws BeeHiveError `NotFound`, `InvalidEvent` for a wrong body, `InvalidConfiguration` when nothing is changed.
   * @example
   * await queue.requeueMended("letter-17", { body: { orderId: "1042", currency: "EUR" }, by: "ada" });
   */
  async requeueMended(id: string, { by, ...changes }: LetterChanges & ByOperator): Promise<void> {
    assertAct("requeue", id, operatorProblems(by));
    const letter = await this.letter(id);
    await this.#queues.requeue(this.name, letter.id, mended(letter.event, changes));
    const given = Object.entries(changes).flatMap(([name, value]) => (value === undefined ? [] : [name]));
    const changed = given.map((name) => (name === "bodyText" ? "body" : name));
    await this.#record(by, "requeue", `${letter.event.id}, mended: ${changed.join(", ")}`);
  }

  /**
   * Requeues dead letters in steps: one, then ten, then the rest.
   *
   * Waits after each step until its events are settled, and stops when one of them becomes a dead letter again.
   *
   * @example
   * const { end, again } = await queue.requeueInSteps({ group: key }, { by: "ada" });
   */
  async requeueInSteps(which: WhichLetters, options: RequeueStepsOptions = {}): Promise<RequeuedInSteps> {
    const { wait = "5m", signal = new AbortController().signal, onProgress, by } = options;
    const letters: ChosenLetter[] = [];
    const known = new Set<string>();
    const matches = matching(which);
    for await (const letter of this.deadLetters()) {
      known.add(letter.id);
      if (matches(letter)) letters.push(chosen(letter));
    }
    let requeued = 0;
    const onRequeued = (count: number): void => {
      requeued += count;
      onProgress?.({ requeued, of: letters.length });
    };
    const waitMs = checkedDuration("requeueInSteps", "wait", wait, time);
    const parts = { queues: this.#queues, name: this.name, clock: this.#operator.clock, signal, waitMs, onRequeued };
    if (letters.length === 0 && typeof which === "object" && "ids" in which && which.ids.length > 0)
      throw this.#noLetter(which.ids.join(", "));
    const detail = (): string | undefined =>
      requeued === 0 ? undefined : `${requeued} of ${letters.length} dead letters in steps`;
    const end = await this.#recorded(by, "requeue", detail, () => requeueInSteps({ letters, known }, parts));
    return { end: end.end, requeued, of: letters.length, again: end.end === "dead again" ? end.ids : [] };
  }

  /** Yields dead letters as lines of JSON, each with its event as a CloudEvent: with the body, which may be confidential. */
  async *exportLetters(which: WhichLetters = { all: true }): AsyncGenerator<string, void, undefined> {
    const matches = matching(which);
    for await (const letter of this.deadLetters()) if (matches(letter)) yield exportLine(letter);
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
    throwProblems(rewindProblems(options), `Cannot rewind ${this.name}`);
    const { to, outputs, clear = [], by } = options;
    if (by !== undefined) assertAct("rewind", this.name.toString(), operatorProblems(by));
    await logOf(this.#provider).rewind(this.name, to, outputs, clearedStores(this.#provider, clear));
    if (by !== undefined) await this.#record(by, "rewind", rewoundText(to, outputs));
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

  #record(by: string, act: string, detail: string | undefined): Promise<void> {
    return this.#operator.controls.acts.record({ by, act, on: this.name.toString(), detail });
  }

  async #forLetters(
    which: WhichLetters,
    act: string,
    { by }: Partial<ByOperator>,
    settle: (id: string) => Promise<void>,
  ): Promise<number> {
    const ids = await this.#idsOf(which);
    const done: string[] = [];
    const detail = (): string | undefined => (done.length > 1 ? `${done.length} dead letters` : done[0]);
    await this.#recorded(by, act, detail, () =>
      inBatches(ids, async (id) => {
        await settle(id);
        done.push(id);
      }),
    );
    return ids.length;
  }

  /** Records what was done of an act, also when it failed in the middle; nothing without a detail. */
  async #recorded<T>(
    by: string | undefined,
    act: string,
    detail: () => string | undefined,
    work: () => Promise<T>,
  ): Promise<T> {
    const record = async (): Promise<void> => {
      const text = detail();
      if (by !== undefined && text !== undefined) await this.#record(by, act, text);
    };
    let result: T;
    try {
      result = await work();
    } catch (error) {
      // The failure of the act says more than that of its record.
      await record().catch(() => {});
      throw error;
    }
    await record();
    return result;
  }

  /** Lists all ids first. An event that is dead-lettered again at once must not be requeued twice. */
  async #idsOf(which: WhichLetters): Promise<readonly string[]> {
    if (typeof which === "string") return [which];
    const matches = matching(which);
    if ("ids" in which) return which.ids;
    const ids: string[] = [];
    for await (const letter of this.deadLetters()) if (matches(letter)) ids.push(letter.id);
    return ids;
  }
}

/** Returns a predicate for a choice of letters. Checked at run time as well, because `drop` is final. */
function matching(which: WhichLetters): (letter: DeadLetter) => boolean {
  if (typeof which === "string") return ({ id, event }) => id === which || event.id === which;
  const { all, ids, group } = Object(which) as {
    readonly all?: unknown;
    readonly ids?: unknown;
    readonly group?: unknown;
  };
  if (all === true) return () => true;
  if (Array.isArray(ids)) {
    const chosenIds = new Set<unknown>(ids);
    return ({ id }) => chosenIds.has(id);
  }
  if (typeof group === "string") return (letter) => causeOf(letter).key === group;
  throw new BeeHiveError(
    "InvalidKey",
    "Name the dead letters: the id of a letter or of an event, { ids }, { group } or { all: true }.",
  );
}
