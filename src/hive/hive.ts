import type { ActorDescriptor } from "../actors/actor.ts";
import { undecorated } from "../actors/actors-from.ts";
import { destination } from "../actors/descriptor.ts";
import { descriptorsText } from "../actors/descriptors-text.ts";
import type { Outcome } from "../actors/outcome.ts";
import { resolveActors } from "../actors/resolve-actors.ts";
import { checkedDuration } from "../base/checked-number.ts";
import { systemClock, type Clock } from "../base/clock.ts";
import type { Duration } from "../base/duration.ts";
import { BeeHiveError } from "../base/errors.ts";
import { Latch } from "../base/latch.ts";
import { safeLogger, standardErrorLogger } from "../base/logger.ts";
import { delay } from "../base/numbers.ts";
import { throwProblems, withProblems } from "../base/problems.ts";
import type { Provider } from "../contract/provider.ts";
import type { CancelChoice, Lease } from "../contract/queue-operator.ts";
import type { RunningHive } from "../controls/heartbeats.ts";
import type { AnyEventType } from "../events/event-type.ts";
import type { Event } from "../events/event.ts";
import type { Injectable } from "../actors/injection/container.ts";
import { storeOf, type Token } from "../actors/injection/tokens.ts";
import type { Journal } from "../journal/journal.ts";
import { journalProblems } from "../journal/open-journal.ts";
import type { Trace } from "../journal/trace/trace.ts";
import { assertNoThread } from "./pools/threads/no-thread.ts";
import { pulserProblems, type Pulser } from "../actors/pulses/pulser.ts";
import { assembled, type HiveParts } from "./assembled.ts";
import { closeParts } from "./closing.ts";
import type { Health, HiveState } from "./health.ts";
import { HiveLog, logOf, type LoggedEvent } from "./hive-log.ts";
import type { HivePulser } from "./hive-pulser.ts";
import type { HiveQueue } from "./hive-queue.ts";
import type { HiveSource } from "./hive-source.ts";
import { historyOf, type HistoryOf } from "./history.ts";
import { openProvider, withCodec } from "./open-provider.ts";
import type { Operator } from "./operator.ts";
import { hiveOptionProblems, type HiveOptions } from "./options.ts";
import type { Topology } from "./orchestrator.ts";
import type { OutcomeOptions, Outcomes, ProcessOutcome, Settled } from "./outcomes.ts";
import type { PushOptions } from "./push-within.ts";

export type { HiveOptions } from "./options.ts";

/** Creates a hive, where this file is loaded already. The index has the one of `create-hive.ts`, which loads it. */
export async function createHive(options: HiveOptions): Promise<Hive> {
  assertNoThread();
  throwProblems(hiveOptionProblems(options));
  const clock = options.clock ?? systemClock;
  for (const actor of undecorated(options.actors))
    safeLogger(options.logger ?? standardErrorLogger).warn(
      { actor },
      "a class with processAsync has no @actorDescription, so it is no actor of the hive",
    );
  const problems = [...pulserProblems(options.pulsers ?? []), ...journalProblems(options.journal)];
  const descriptors = await withProblems(problems, resolveActors(options));
  const opened =
    typeof options.provider === "object"
      ? options.provider
      : await openProvider(options.provider ?? "memory:", { clock, logger: options.logger });
  const provider = await withCodec(opened, options.codec);
  return new Hive(descriptors, provider, typeof options.provider !== "object", { ...options, clock });
}

/** Actors that work on one provider. Returned by {@link createHive}. */
export class Hive {
  readonly descriptors: readonly ActorDescriptor[];
  /** Its publishers by the clock. */
  readonly pulsers: readonly Pulser[];
  readonly provider: Provider;
  /** The acts of an operator on all hives of the provider. */
  readonly operator: Operator;
  /** The time of this hive. */
  readonly clock: Clock;
  /** The journal of this hive; `undefined` when it keeps none, see {@link HiveOptions.journal}. */
  readonly journal: Journal | undefined;
  readonly #parts: HiveParts;
  readonly #ownsProvider: boolean;
  readonly #topology: Topology;
  readonly #idling = new AbortController();
  #outcomes: Outcomes | undefined;
  #setup: Promise<void> | undefined;
  #state: HiveState = "new";
  #stopping: Promise<void> | undefined;
  #stopReason: unknown;
  readonly #end = new Latch<unknown>();

  /** @internal Created by {@link createHive}. */
  constructor(
    descriptors: readonly ActorDescriptor[],
    provider: Provider,
    ownsProvider: boolean,
    options: HiveOptions & { readonly clock: Clock },
  ) {
    this.descriptors = descriptors;
    this.pulsers = options.pulsers ?? [];
    this.provider = provider;
    this.clock = options.clock;
    this.#ownsProvider = ownsProvider;
    this.#topology = options.topology ?? "create";
    this.#parts = assembled(descriptors, provider, options, {
      state: () => this.#state,
      stopBecause: (reason) => this.#stopBecause(reason),
    });
    this.journal = this.#parts.journal;
    this.operator = this.#parts.operator;
  }

  /**
   * Returns the store of a token. Actors get the same store injected; here each write happens at once.
   *
   * @example
   * const order = await hive.store(Orders).get("1");
   */
  store<T>(token: Token<T>): T {
    return storeOf(token, this.provider.stores);
  }

  /** @internal Makes an object as actors are made, with stores that write at once. */
  make<T>(type: Injectable<T>): Promise<T> {
    return this.#parts.container.make(type);
  }

  /**
   * Creates topics, subscriptions and queues of all actors and pulsers, or checks their existence.
   *
   * {@link HiveOptions.topology} decides which. `start` calls it, unless it was called before.
   *
   * @throws BeeHiveError `InvalidConfiguration` with everything that the provider refuses, `QueueNotFound` with all
   *   missing queues.
   */
  setup(): Promise<void> {
    this.#setup ??= this.#parts.orchestrator.setup(this.#topology).then(
      () => {
        this.#parts.publishing.isSetUp = true;
      },
      (error: unknown) => {
        this.#setup = undefined;
        throw error;
      },
    );
    return this.#setup;
  }

  /**
   * Processes and settles a lease from a host, such as a function in a cloud. Returns its outcome.
   *
   * Needs no `start`. The lease must come from the provider of this hive.
   *
   * @throws BeeHiveError `QueueNotFound` when no actor of this hive reads its queue, `InvalidConfiguration` when a
   *   dependency is missing.
   */
  async deliver(lease: Lease): Promise<Outcome> {
    this.#parts.container.check(this.descriptors, this.#parts.logger);
    await this.#parts.operated?.beforeDelivery();
    const [decoded = lease] = (await this.provider.decoded?.([lease])) ?? [];
    return await this.#parts.orchestrator.deliver(decoded);
  }

  /**
   * Processes and settles leases of one queue from a host, in batches where the actor takes batches.
   *
   * @throws as {@link deliver}.
   */
  async deliverBatch(leases: readonly Lease[]): Promise<void> {
    this.#parts.container.check(this.descriptors, this.#parts.logger);
    await this.#parts.operated?.beforeDelivery();
    await this.#parts.orchestrator.deliverBatch((await this.provider.decoded?.(leases)) ?? leases);
  }

  /**
   * Sets up the queues if needed, then starts all actors, pulsers and sources.
   *
   * @throws BeeHiveError as {@link setup} does; `InvalidConfiguration` also with every dependency that nothing binds,
   *   `InvalidState` when the hive was started before.
   */
  async start(): Promise<void> {
    this.#parts.container.check(this.descriptors, this.#parts.logger);
    await this.setup();
    if (this.#state !== "new")
      throw new BeeHiveError("InvalidState", `A hive starts once; this one is ${this.#state}.`);
    this.#state = "running";
    await this.#parts.operated?.start();
    await this.#parts.pools.start(this.#parts.orchestrator.loops);
    // It may have been stopped meanwhile.
    if (this.#state !== "running") return;
    this.#parts.orchestrator.start();
    this.#parts.pendingEvents?.start();
    for (const pulser of this.#parts.pulsers) pulser.start();
    this.#parts.sources.start();
  }

  /**
   * Publishes events from outside any actor. Returns how many were dropped as duplicates.
   *
   * Publishes an async iterable in batches of 100, so that it may be longer than the memory.
   *
   * Returns `undefined` when the provider does not count duplicates. Events with `delivery: "log"` do not count. Needs
   * no `start`, only queues that exist.
   *
   * With {@link PushOptions.within} the events are published with the commit of a transaction of the application.
   *
   * @throws BeeHiveError `InvalidEvent` for a value that is no event, `QueueNotFound`, `TooLarge`, and the errors of
   *   the provider. Some of several events may be published then; pushing the same events again is safe where the
   *   provider drops duplicates.
   * @example
   * await hive.push(OrderAccepted.create({ orderId: "1" }));
   */
  push(events: Event | Iterable<Event> | AsyncIterable<Event>, options: PushOptions = {}): Promise<number | undefined> {
    return this.#parts.publishing.push(events, options);
  }

  /**
   * Resolves when no event is ready, leased or delayed on queues of its actors, or when the hive has stopped.
   *
   * Events that other hives process on the same queues count.
   */
  whenIdle(): Promise<void> {
    return this.#parts.orchestrator.idle(this.#idling.signal);
  }

  /**
   * Leaves a subscription to other processes: leases no more events of it. Resolves when none is in work here.
   *
   * Needs no `start`; a hive that starts afterwards leases nothing of it until {@link join}.
   *
   * @throws BeeHiveError `QueueNotFound` when no actor of this hive reads it.
   * @example
   * await hive.leave("OrderAccepted-Payment");
   */
  async leave(name: string): Promise<void> {
    const left = this.#parts.orchestrator.loop(name).leave();
    this.#parts.operated?.changed();
    await left;
  }

  /**
   * Leases events of a subscription again, after {@link leave}.
   *
   * @throws BeeHiveError `QueueNotFound` when no actor of this hive reads it.
   * @example
   * hive.join("OrderAccepted-Payment");
   */
  join(name: string): void {
    this.#parts.orchestrator.loop(name).polling.leave(false);
    this.#parts.operated?.changed();
  }

  /**
   * Stops the hive. Leases no more events, lets actors finish, and closes the provider that it opened.
   *
   * Events that are unfinished at the deadline are abandoned without counting an attempt. The application calls it,
   * also on signals; a hive stops itself only for a supervision rule that says so.
   *
   * @param options `deadline`: how long actors may take to finish. @default "30s"
   * @throws BeeHiveError `InvalidConfiguration` when the deadline is no length of time; the hive keeps running.
   * @example
   * process.once("SIGTERM", () => hive.stop({ deadline: "20s" }));
   */
  async stop({ deadline = "30s" }: { readonly deadline?: Duration } = {}): Promise<void> {
    const deadlineMs = checkedDuration("hive.stop", "deadline", deadline, delay);
    await (this.#stopping ??= this.#stop(deadlineMs));
  }

  /**
   * Resolves when the hive has stopped. Rejects with the error for which supervision stopped it.
   *
   * @example
   * await hive.whenStopped(); // keeps a worker alive, and ends it with the error
   */
  async whenStopped(): Promise<void> {
    const reason = await this.#end.promise;
    // oxlint-disable-next-line typescript/only-throw-error -- an actor may have thrown anything
    if (reason !== undefined) throw reason;
  }

  #stopBecause(reason: unknown): void {
    this.#stopReason ??= reason;
    this.stop().catch((error: unknown) =>
      this.#parts.logger.error({ err: error }, "the hive could not be stopped cleanly"),
    );
  }

  async #stop(deadlineMs: number): Promise<void> {
    this.#state = "stopping";
    try {
      await closeParts(this.#parts, this.clock, deadlineMs, () => this.#idling.abort());
      if (this.#ownsProvider) await this.provider.close();
    } finally {
      this.#state = "stopped";
      this.#end.resolve(this.#stopReason);
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  /** Returns the settings of each actor and where each value comes from, as text for people. */
  describe(): string {
    const { loops } = this.#parts.orchestrator;
    return descriptorsText(loops.map(({ descriptor, polling }) => ({ ...descriptor, size: polling.size })));
  }

  /**
   * Returns whether the hive is live and ready, for probes such as those of Kubernetes.
   *
   * @param options `askProvider`: whether to ask the provider, at most every 5 s and for at most 0.8 s. @default true
   * @example
   * const { live, ready, detail } = await hive.health();
   */
  health(options: { readonly askProvider?: boolean } = {}): Promise<Health> {
    return this.#parts.healthCheck.health(this.#state, options.askProvider ?? true);
  }

  /**
   * Returns the history of an item and its present place, from the journal and the queues.
   *
   * @param id The id of an event, a correlation id, or a business id (see {@link JournalOptions.subject}).
   * @param options `live`: whether to ask the queues; on a cloud, reading dead letters costs. @default true
   * @throws BeeHiveError `InvalidState` when the hive keeps no journal.
   * @example
   * console.log(traceText(await hive.trace("order-1")));
   */
  async trace(id: string, options: { readonly live?: boolean } = {}): Promise<Trace> {
    const { journal, descriptors } = this;
    if (!journal) throw noJournal();
    // Loaded when it is used first: most hives are never traced.
    const { traceItem } = await import("../journal/trace/trace-item.ts");
    const leases = this.#parts.orchestrator.loops.flatMap((loop) => loop.leases);
    const live = (options.live ?? true) && { queues: this.provider.queues, leases };
    const holds = live ? await this.operator.holds() : undefined;
    return traceItem(id, { journal, descriptors, now: this.clock.now(), ...live, holds });
  }

  /**
   * Waits for the end of a business process, also one that runs in other processes. Returns the event that ended it.
   *
   * Reads the journal, so that a crash of the process that ends it, within 250 ms, may hide the end. On `memory:` the
   * journal is of this process.
   *
   * @param id The correlation id of the process; of a process without one the id of its first event.
   * @throws BeeHiveError `Timeout` when it has not ended in time, `InvalidState` when the hive keeps no journal.
   * @example
   * await hive.push(accepted);
   * const { type } = await hive.outcome(accepted.id, { of: [OrderShipped, OrderCancelled], timeout: "10s" });
   */
  async outcome<const T extends AnyEventType>(id: string, options: OutcomeOptions<T>): Promise<ProcessOutcome<T>> {
    return await (await this.#waits()).outcome(id, options);
  }

  /** @internal Waits until pushed events and all that followed from them are done. */
  async settled(events: readonly Event[], timeoutMs: number): Promise<Settled> {
    return await (await this.#waits()).settled(events, timeoutMs);
  }

  async #waits(): Promise<Outcomes> {
    const { journal, clock, descriptors, provider } = this;
    if (!journal) throw noJournal();
    // Loaded when they are used first, as traces are.
    const [{ Outcomes: Waits }, { JournalWatch }] = await Promise.all([
      import("./outcomes.ts"),
      import("./journal-watch.ts"),
    ]);
    return (this.#outcomes ??= new Waits(
      new JournalWatch(journal, clock, this.#idling.signal),
      clock,
      provider.queues,
      async () => [
        ...descriptors.map(({ queueName }) => String(queueName)),
        ...((await provider.queues.names?.()) ?? []).map(String),
      ],
    ));
  }

  /**
   * Cancels events that are ready or delayed, by the id of one or by their cancel key. Returns how many.
   *
   * An event of a topic counts once for each subscription, on a cloud once in all. Leased events are not cancelled, and on
   * a cloud none that was delivered before.
   *
   * @throws BeeHiveError `InvalidKey`, `InvalidState` with the reason where the provider cannot.
   * @example
   * await hive.push(HoldEnded.create({ seat }, { cancelKey: `hold-${seat}`, delay: "10m" }));
   * const cancelled = await hive.cancel({ key: `hold-${seat}` });
   */
  cancel(which: CancelChoice): Promise<number> {
    return this.operator.cancel(which);
  }

  /**
   * Returns a subscription or queue, to look after: counts, pauses, settings, dead letters.
   *
   * @throws BeeHiveError `InvalidQueueName`.
   * @example
   * await hive.queue("OrderAccepted-Payment").requeue({ all: true });
   */
  queue(name: string): HiveQueue {
    return this.operator.queue(name);
  }

  /**
   * Returns a pulser, to pause and resume it.
   *
   * @example
   * await hive.pulser("Nightly").pause({ reason: "stocktaking", by: "ada" });
   */
  pulser(name: string): HivePulser {
    return this.operator.pulser(name);
  }

  /**
   * Returns a source, to pause and resume it.
   *
   * @example
   * await hive.source("orders").pause({ reason: "stocktaking", by: "ada" });
   */
  source(name: string): HiveSource {
    return this.operator.source(name);
  }

  /**
   * Returns the processes at work on the provider, with their subscriptions.
   *
   * @example
   * for (const { host, pid, inFlight } of await hive.hives()) console.log(host, pid, inFlight);
   */
  hives(): Promise<readonly RunningHive[]> {
    return this.operator.hives();
  }

  /**
   * Returns the kept events of one entity or one process, of all topics, in the order of their publication.
   *
   * Reads all kept events of each topic, or those of the key: for people, not for actors.
   *
   * @param of `key`: the partition key. `correlationId`: the id of the process, which is the id of its first event where
   *   none was given.
   * @throws BeeHiveError `InvalidState` when the provider keeps no events.
   * @example
   * for (const { published, event } of await hive.history({ key: "order-1" })) console.log(published, event.eventType);
   */
  history(of: HistoryOf): Promise<readonly LoggedEvent[]> {
    return historyOf(logOf(this.provider), of);
  }

  /**
   * Returns the kept events of a topic, to read and to follow.
   *
   * @param topic `OrderAccepted-` or `OrderAccepted`, named in {@link HiveOptions.keep}.
   * @throws BeeHiveError `InvalidState` when the provider keeps no events, `InvalidQueueName`.
   * @example
   * for await (const { event } of hive.log("OrderAccepted").read({ key: "order-1" })) console.log(event.getBody());
   */
  log(topic: string): HiveLog {
    return new HiveLog(destination(topic), logOf(this.provider), this.#idling.signal);
  }
}

function noJournal(): BeeHiveError {
  return new BeeHiveError("InvalidState", "This hive keeps no journal; give createHive({ journal: true }).");
}
