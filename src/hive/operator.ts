import { systemClock, type Clock } from "../base/clock.ts";
import type { Hold } from "../actors/pause.ts";
import type { Provider } from "../contract/provider.ts";
import type { CancelChoice, QueueSpec } from "../contract/queue-operator.ts";
import { Controls, type ByOperator, type OperatedStates, type PauseOptions } from "../controls/controls.ts";
import type { Act } from "../controls/acts.ts";
import { tellNow } from "../controls/beater.ts";
import { unknownName } from "../controls/checks.ts";
import { Heartbeats, type RunningHive } from "../controls/heartbeats.ts";
import { pausesOf, pressuresOf, type ActivePause } from "../controls/pauses.ts";
import { schedulesOf, type ScheduledPulser } from "../controls/schedules.ts";
import { QueueName } from "../events/queue-name.ts";
import { HivePulser } from "./hive-pulser.ts";
import { HiveQueue } from "./hive-queue.ts";
import { HiveSource } from "./hive-source.ts";
import type { Operating } from "./operating.ts";
import { cancelEvents } from "./withdraw.ts";

/**
 * The acts of an operator on all hives of a provider. Returned by {@link operate}, and `operator` of a hive.
 *
 * Every hive follows within seconds, see {@link ControlsOptions}.
 */
export class Operator implements Operating, AsyncDisposable {
  readonly provider: Provider;
  readonly #clock: Clock;
  readonly #controls: Controls;
  readonly #heartbeats: Heartbeats;
  readonly #ownsProvider: boolean;

  /** @internal Created by {@link operate}. */
  constructor(provider: Provider, clock: Clock = systemClock, ownsProvider: boolean = false) {
    this.provider = provider;
    this.#ownsProvider = ownsProvider;
    this.#clock = clock;
    this.#controls = new Controls(provider, clock);
    this.#heartbeats = new Heartbeats(provider.stores, clock);
  }

  /** @internal The clock, for what this operator returns. */
  get clock(): Clock {
    return this.#clock;
  }

  /** @internal The controls, for what this operator returns. */
  get controls(): Controls {
    return this.#controls;
  }

  /** Returns a subscription or queue, to look after. @throws BeeHiveError `InvalidQueueName`. */
  queue(name: string): HiveQueue {
    return new HiveQueue(QueueName.parse(name), this.provider, this);
  }

  /**
   * Cancels events that are ready or delayed, by the id of one or by their cancel key. Returns how many.
   *
   * An event of a topic counts once for each subscription, on a cloud once in all. Leased events are not cancelled, and on
   * a cloud none that was delivered before.
   *
   * @param options `by`: who does it, for the record of acts. @default It is not recorded.
   * @throws BeeHiveError `InvalidKey`, `InvalidState` with the reason where the provider cannot.
   */
  async cancel(which: CancelChoice, { by }: Partial<ByOperator> = {}): Promise<number> {
    const cancelled = await cancelEvents(this.provider, which);
    const on = "key" in which ? which.key : which.id;
    if (by !== undefined) await this.#controls.acts.record({ by, act: "cancel", on, detail: `${cancelled} events` });
    return cancelled;
  }

  /** Returns a pulser, to pause and resume it. */
  pulser(name: string): HivePulser {
    return new HivePulser(name, this);
  }

  /** Returns a source, to pause and resume it. */
  source(name: string): HiveSource {
    return new HiveSource(name, this);
  }

  /**
   * Pauses all subscriptions and sources, also those of hives that start later. Pulsers go on.
   *
   * @throws BeeHiveError `InvalidConfiguration` for a wrong option.
   * @example
   * await operator.pauseAll({ reason: "restoring the database", by: "ada" });
   */
  pauseAll(options: PauseOptions): Promise<void> {
    return this.#controls.pause("queue", undefined, options);
  }

  /** Ends every pause of subscriptions that operators set. Returns whether there was one. */
  resumeAll(options: ByOperator): Promise<boolean> {
    return this.#controls.resume("queue", undefined, options);
  }

  /** Returns what operators have set, in one look. */
  states(): Promise<OperatedStates> {
    return this.#controls.states();
  }

  /**
   * @internal The pauses of subscriptions for a trace; `undefined` when the stores cannot be read. Of operators, and of
   * full queues downstream, which no journal has.
   */
  async holds(): Promise<ReadonlyMap<string, Hold> | undefined> {
    try {
      return new Map([...pressuresOf(await this.hives()), ...(await this.#controls.holds())]);
    } catch {
      return undefined;
    }
  }

  /** Returns every pause that has not ended: of operators, and of supervision in each process. */
  async pauses(): Promise<readonly ActivePause[]> {
    return pausesOf(await this.states(), await this.hives());
  }

  /**
   * Returns the processes at work, the longest-running first.
   *
   * A process that missed three heartbeats is left out; so are hosts that hand over events, and hives without controls.
   */
  async hives(): Promise<readonly RunningHive[]> {
    await tellNow(this.provider.stores);
    return await this.#heartbeats.running();
  }

  /** Returns each pulser with its last and next firing, by name. */
  async schedules(): Promise<readonly ScheduledPulser[]> {
    const [hives, states] = [await this.hives(), await this.states()];
    return await schedulesOf(hives, states, this.provider.stores, this.#clock.now());
  }

  /**
   * Returns the subscriptions and queues that no process reads; `undefined` where the provider cannot list them.
   *
   * Their events wait for ever. Hosts that hand over events, and hives without controls, are not seen.
   */
  async unread(): Promise<readonly string[] | undefined> {
    const names = await this.provider.queues.names?.();
    if (!names) return undefined;
    const read = new Set((await this.hives()).flatMap(({ subscriptions }) => subscriptions.map(({ queue }) => queue)));
    return names.map(String).filter((name) => !read.has(name));
  }

  /** Yields what operators did in the last 90 days, newest first. */
  acts(): AsyncIterable<Act> {
    return this.#controls.acts.read();
  }

  /** @internal Throws `QueueNotFound` with the name that was probably meant. */
  async assertQueue(name: QueueName): Promise<void> {
    const { queues } = this.provider;
    const spec: QueueSpec = { name, ordered: false, leaseMs: 30_000, maxAttempts: 10 };
    if ((await queues.missing([spec])).length === 0) return;
    const hives = await this.hives().catch((): readonly RunningHive[] => []);
    const read = hives.flatMap(({ subscriptions }) => subscriptions.map(({ queue }) => queue));
    const listed = ((await queues.names?.()) ?? []).map(String);
    throw unknownName("QueueNotFound", name.kind, name.toString(), [...new Set([...read, ...listed])].toSorted());
  }

  /** @internal Throws `NotFound` with the name that was probably meant. */
  async assertPulser(name: string): Promise<void> {
    const known = (await this.schedules()).map(({ pulser }) => pulser);
    if (!known.includes(name)) throw unknownName("NotFound", "pulser", name, known);
  }

  /** @internal Throws `NotFound` with the name that was probably meant. */
  async assertSource(name: string): Promise<void> {
    const known = (await this.hives()).flatMap(({ sources }) => sources.map((source) => source.name));
    if (!known.includes(name)) throw unknownName("NotFound", "source", name, [...new Set(known)]);
  }

  /** Closes the provider that {@link operate} opened. */
  async close(): Promise<void> {
    if (this.#ownsProvider) await this.provider.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
