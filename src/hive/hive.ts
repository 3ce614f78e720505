import { adopted } from "../events/adopted-event.ts";
import { undecorated } from "../actors/actors-from.ts";
import { throwProblems, withProblems } from "../base/problems.ts";
import type { ActorDescriptor } from "../actors/actor.ts";
import { systemClock, waitFor, type Clock } from "../base/clock.ts";
import { ActorContainer } from "../injection/container.ts";
import { descriptorsText } from "../actors/descriptors-text.ts";
import { BeeHiveError } from "../base/errors.ts";
import { Event } from "../events/event.ts";
import { resolveActors } from "../actors/resolve-actors.ts";
import { hiveOptionProblems, type HiveOptions } from "./options.ts";
import { HiveQueue } from "./hive-queue.ts";
import { HealthCheck, type Health, type HiveState } from "./health.ts";
import type { Journal } from "../journal/journal.ts";
import { journalProblems, openJournal } from "../journal/open-journal.ts";
import { Recording } from "../journal/recording.ts";
import { Latch } from "../base/latch.ts";
import { LeaseKeeper } from "../delivery/lease-keeper.ts";
import { byDelivery, LogEvents } from "../delivery/log-events.ts";
import { safeLogger, standardErrorLogger, type Logger } from "../base/logger.ts";
import { Orchestrator, notSetUp, type Topology } from "./orchestrator.ts";
import { pulserProblems } from "../pulses/pulser.ts";
import { Pulsing } from "../pulses/pulsing.ts";
import { checkedNumber } from "../base/checked-number.ts";
import { delay } from "../base/numbers.ts";
import { openProvider } from "./open-provider.ts";
import type { Provider } from "../contract/provider.ts";
import { QueueName } from "../events/queue-name.ts";
import type { Lease } from "../contract/queue-operator.ts";
import type { Outcome } from "../actors/outcome.ts";
import { Telemetry } from "../telemetry/telemetry.ts";
import { storeOf, type Token } from "../injection/tokens.ts";
import type { Trace } from "../journal/trace/trace.ts";
import { Turnstile } from "../base/turnstile.ts";

export type { HiveOptions } from "./options.ts";

/**
 * Makes a hive: reads the descriptors of the actors and opens the provider. Nothing is made there yet and
 * nothing runs.
 *
 * @throws BeeHiveError `InvalidConfiguration` with every problem of every actor.
 */
export async function createHive(options: HiveOptions): Promise<Hive> {
  throwProblems(hiveOptionProblems(options));
  const clock = options.clock ?? systemClock;
  for (const actor of undecorated(options.actors))
    safeLogger(options.logger ?? standardErrorLogger).warn(
      { actor },
      "a class with processAsync has no @actorDescription, so it is no actor of the hive",
    );
  const problems = [...pulserProblems(options.pulsers ?? []), ...journalProblems(options.journal)];
  const descriptors = await withProblems(problems, resolveActors(options));
  const provider =
    typeof options.provider === "object"
      ? options.provider
      : await openProvider(options.provider ?? "memory:", { clock, logger: options.logger });
  return new Hive(descriptors, provider, typeof options.provider !== "object", { ...options, clock });
}

/** How long a stop waits for log events that are on their way when its deadline has passed, in ms. */
const closingMs = 5_000;

/** Actors at work on one provider. */
export class Hive {
  readonly descriptors: readonly ActorDescriptor[];
  readonly provider: Provider;
  /** What the hive did; `undefined` when it keeps none, see {@link HiveOptions.journal}. */
  readonly journal: Journal | undefined;
  readonly #recording: Recording | undefined;
  readonly #clock: Clock;
  readonly #ownsProvider: boolean;
  readonly #topology: Topology;
  readonly #telemetry: Telemetry;
  readonly #container: ActorContainer;
  readonly #logger: Logger;
  readonly #logEvents: LogEvents;
  readonly #keeper: LeaseKeeper;
  readonly #pulsers: readonly Pulsing[];
  readonly #orchestrator: Orchestrator;
  readonly #healthCheck: HealthCheck;
  readonly #idling = new AbortController();
  #setup: Promise<void> | undefined;
  #isSetUp = false;
  #state: HiveState = "new";
  #stopping: Promise<void> | undefined;
  #stopReason: unknown;
  readonly #end = new Latch<unknown>();

  /** @internal Made by {@link createHive}. */
  constructor(
    descriptors: readonly ActorDescriptor[],
    provider: Provider,
    ownsProvider: boolean,
    options: HiveOptions & { readonly clock: Clock },
  ) {
    const { clock, topology = "create", random = Math.random } = options;
    const logger = safeLogger(options.logger ?? standardErrorLogger);
    this.descriptors = descriptors;
    this.provider = provider;
    this.#clock = clock;
    this.#ownsProvider = ownsProvider;
    this.#topology = topology;
    this.#telemetry = new Telemetry(provider.name, clock);
    this.#container = new ActorContainer(provider.stores, options.container);
    this.#logger = logger;
    this.journal = openJournal(options.journal, provider, clock, logger);
    const subject = typeof options.journal === "object" ? options.journal.subject : undefined;
    const recording = this.journal && new Recording(this.journal, clock, logger, subject);
    this.#recording = recording;
    this.#logEvents = new LogEvents(provider.queues, logger);
    this.#keeper = new LeaseKeeper(provider.queues, clock, logger);
    this.#pulsers = (options.pulsers ?? []).map(
      (pulser) =>
        new Pulsing(pulser, { clock, logger, stores: provider.stores, push: (events) => this.#publish(events) }),
    );
    this.#orchestrator = new Orchestrator(descriptors, [...(options.pulsers ?? []), options], {
      provider,
      resolve: (descriptor, step) => this.#container.resolve(descriptor, step),
      keeper: this.#keeper,
      turnstile: new Turnstile(),
      clock,
      logger,
      telemetry: this.#telemetry,
      random,
      logEvents: this.#logEvents,
      observers: [
        ...(recording ? [recording] : []),
        ...(options.onDelivery ? [{ delivered: options.onDelivery }] : []),
      ],
      stopHive: (reason) => this.#stopBecause(reason),
    });
    const { factories, specs } = this.#orchestrator;
    this.#healthCheck = new HealthCheck({ provider, clock, factories, specs });
  }

  /** The store of a token, the same that actors have injected, but writing at once: `hive.store(Orders)`. */
  store<T>(token: Token<T>): T {
    return storeOf(token, this.provider.stores);
  }

  /**
   * Makes the topics, subscriptions and queues of all actors and pulsers, or checks that they are there, see
   * {@link HiveOptions.topology}. `start` does it when it was not done.
   *
   * @throws BeeHiveError `InvalidConfiguration` with all that the provider refuses, `QueueNotFound` with all
   *   that is missing.
   */
  setup(): Promise<void> {
    this.#setup ??= this.#orchestrator.setup(this.#topology).then(
      () => {
        this.#isSetUp = true;
      },
      (error: unknown) => {
        this.#setup = undefined;
        throw error;
      },
    );
    return this.#setup;
  }

  /**
   * Works on one lease that its host handed over, such as a function in a cloud, and settles it; answers how it ended.
   * Works without `start`. The lease must come from this hive's provider.
   *
   * @throws BeeHiveError `QueueNotFound` when no actor of this hive reads its queue, `InvalidConfiguration` when a dependency is missing.
   */
  async deliver(lease: Lease): Promise<Outcome> {
    this.#container.check(this.descriptors, this.#logger);
    return this.#orchestrator.deliver(lease);
  }

  /**
   * Starts to work on events.
   *
   * @throws BeeHiveError as {@link setup} does; `InvalidConfiguration` also with all that actors have injected and nobody
   *   binds, `InvalidState` when it was started before.
   */
  async start(): Promise<void> {
    this.#container.check(this.descriptors, this.#logger);
    await this.setup();
    if (this.#state !== "new")
      throw new BeeHiveError("InvalidState", `A hive starts once; this one is ${this.#state}.`);
    this.#state = "running";
    this.#orchestrator.start();
    for (const pulser of this.#pulsers) pulser.start();
  }

  /**
   * Publishes events from outside any actor. Works before `start` too, once the queues are there. Returns how many of them
   * were dropped as duplicates; `undefined` when the provider cannot tell. Events with `delivery: "log"` do not count.
   *
   * @throws BeeHiveError `InvalidEvent` for what is no event, `QueueNotFound`, `TooLarge`, and what the provider throws; then none or some of several
   *   events were published, and pushing the same events again is safe where the provider drops duplicates.
   */
  push(events: Event | Iterable<Event>): Promise<number | undefined> {
    if (this.#state !== "stopping" && this.#state !== "stopped") return this.#publish(events);
    return Promise.reject(new BeeHiveError("InvalidState", `The hive is ${this.#state}; nothing was published.`));
  }

  /** Pulsers publish while the hive waits for them to stop, too. */
  async #publish(events: Event | Iterable<Event>): Promise<number | undefined> {
    const list = events instanceof Event ? [events] : eventsIn(events);
    if (list.length === 0) return 0;
    let dropped: number | undefined = 0;
    const pushedAt = this.#clock.now();
    await this.#telemetry.push(list, async (traced) => {
      const { business, log } = byDelivery(traced);
      this.#logEvents.send(log);
      try {
        if (business.length > 0) dropped = await this.provider.queues.push(business);
      } catch (error) {
        throw this.#isSetUp ? error : notSetUp(error, business, this.#orchestrator.specs);
      }
    });
    this.#recording?.pushed(list, pushedAt);
    return dropped;
  }

  /**
   * Resolves when no event is ready, leased or delayed on any queue of these actors, or when the hive has stopped. Events
   * of other hives on the same queues count.
   */
  whenIdle(): Promise<void> {
    return this.#orchestrator.idle(this.#idling.signal);
  }

  /**
   * Stops: leases no more, lets actors finish for up to `deadline` ms (30,000 unless given), gives back what did
   * not finish without counting it as an attempt, then closes the provider that it opened. Never called by the
   * library itself: signals are the application's.
   *
   * @throws BeeHiveError `InvalidConfiguration` when the deadline is no time; the hive runs on then.
   */
  async stop({ deadline = 30_000 }: { readonly deadline?: number } = {}): Promise<void> {
    checkedNumber("hive.stop", "deadline", deadline, delay);
    await (this.#stopping ??= this.#stop(deadline));
  }

  /** Resolves when the hive has stopped. Rejects with the error for which the supervision of an actor stopped it. */
  async whenStopped(): Promise<void> {
    const reason = await this.#end.promise;
    // oxlint-disable-next-line typescript/only-throw-error -- an actor may have thrown anything
    if (reason !== undefined) throw reason;
  }

  #stopBecause(reason: unknown): void {
    this.#stopReason ??= reason;
    this.stop().catch((error: unknown) => this.#logger.error({ err: error }, "the hive could not be stopped cleanly"));
  }

  async #stop(deadline: number): Promise<void> {
    this.#state = "stopping";
    try {
      await this.#close(deadline);
    } finally {
      this.#state = "stopped";
      this.#end.resolve(this.#stopReason);
    }
  }

  async #close(deadline: number): Promise<void> {
    await Promise.all([...this.#pulsers.map((pulser) => pulser.stop(deadline)), this.#orchestrator.stop(deadline)]);
    this.#keeper.close();
    await waitFor(this.#logEvents.settled(), this.#clock, closingMs);
    this.#idling.abort();
    await this.#container.close();
    await this.journal?.close();
    if (this.#ownsProvider) await this.provider.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  /** What holds for each actor and where each value came from, as text for people. */
  describe(): string {
    return descriptorsText(this.descriptors);
  }

  /**
   * Whether the hive is well, for the probes of an orchestrator. The provider is asked every few seconds at the most,
   * and for less than one; `askProvider: false` leaves it alone.
   */
  health(options: { readonly askProvider?: boolean } = {}): Promise<Health> {
    return this.#healthCheck.health(this.#state, options.askProvider ?? true);
  }

  /**
   * What happened to an item and where it is now, from the journal: by the id of an event, a correlation id or a
   * business id, see {@link JournalOptions.subject}. The queues are asked unless `live: false`: on a cloud, looking
   * through dead letters costs. `traceText` makes text of it.
   *
   * @throws BeeHiveError `InvalidState` when the hive keeps no journal.
   */
  async trace(id: string, options: { readonly live?: boolean } = {}): Promise<Trace> {
    const { journal, descriptors } = this;
    if (!journal)
      throw new BeeHiveError("InvalidState", "This hive keeps no journal; give createHive({ journal: true }).");
    // Loaded when it is used first: most hives are never traced.
    const { traceItem } = await import("../journal/trace/trace-item.ts");
    const leases = this.#orchestrator.factories.flatMap((factory) => factory.leases);
    const live = (options.live ?? true) && { queues: this.provider.queues, leases };
    return traceItem(id, { journal, descriptors, now: this.#clock.now(), ...live });
  }

  /**
   * Returns a subscription or queue of the provider, to count, requeue or drop what is in it.
   *
   * @throws BeeHiveError `InvalidQueueName`.
   */
  queue(name: string): HiveQueue {
    return new HiveQueue(QueueName.parse(name), this.provider.queues);
  }
}

/** The events that were given, each of them one: nothing is published when one is not. */
function eventsIn(given: Iterable<Event>): readonly Event[] {
  const iterable = typeof given === "object" && given !== null && Symbol.iterator in given;
  const events: readonly unknown[] = iterable ? [...given] : [given];
  const own = events.map(adopted);
  if (own.every((one) => one !== undefined)) return own;
  throw new BeeHiveError(
    "InvalidEvent",
    "What is pushed is an event or an iterable of them; make each with new Event(type, body), Event from beehive-actors.",
  );
}
