import { actorDescription, type ActorClass, type ActorDescriptor, type Published } from "../actors/actor.ts";
import { publishesProblems } from "../actors/publishes.ts";
import { queueSpecs } from "../actors/topology.ts";
import { destination } from "../actors/descriptor.ts";
import { systemClock } from "../base/clock.ts";
import { messageOf } from "../base/error-text.ts";
import { BeeHiveError, isBeeHiveError, PauseSubscription } from "../base/errors.ts";
import { throwProblems } from "../base/problems.ts";
import type { Provider } from "../contract/provider.ts";
import type { QueueSpec } from "../contract/queue-operator.ts";
import type { Event } from "../events/event.ts";
import type { QueueName } from "../events/queue-name.ts";
import type { Health } from "./health.ts";
import { createHive } from "./create-hive.ts";
import type { Hive, HiveOptions } from "./hive.ts";
import { openProvider } from "./open-provider.ts";

/**
 * The options of {@link createRelay}.
 *
 * @example
 * { from: "sqlite:./outbox.db", to: "aws:?prefix=shop", topics: ["OrderAccepted"] }
 */
export interface RelayOptions extends Pick<HiveOptions, "topology" | "defaults" | "journal" | "logger" | "clock"> {
  /** Where the events were published: a URL, or a provider of your own, which the relay does not close. */
  readonly from: string | Provider;
  /** Where they are published again: a URL, or a provider of your own, which the relay does not close. */
  readonly to: string | Provider;
  /** The topics, queues and event types to relay, written as in `publishes`. */
  readonly topics: readonly Published[];
}

/** The subscription of the relay on each topic. */
const subscription = "Relay";
/** How long a topic pauses while its events cannot be published, in ms. */
const pauseMs = 5_000;
/** A relay that is killed over and over again counts attempts; none of them is a fault of the event. */
const maxAttempts = 1_000;
const defaultParallelism = 100;

/**
 * Creates a relay, which publishes the events of one provider to another under the same ids.
 *
 * A topic is read by the subscription `Topic-Relay`, in order of each partition key; events wait there while the relay
 * is down. A relay that is killed repeats what it had not committed, and loses nothing.
 *
 * @throws BeeHiveError `InvalidConfiguration` with every problem of the options.
 * @example
 * await using relay = await createRelay({ from: "sqlite:./outbox.db", to: "aws:?prefix=shop", topics: ["OrderAccepted"] });
 * await relay.start();
 * await relay.whenStopped();
 */
export async function createRelay(options: RelayOptions): Promise<Relay> {
  const { from, to, topics, clock = systemClock, logger, defaults, ...rest } = options;
  throwProblems(relayProblems(options), "The relay cannot start");
  const names = topics.map(destination);
  const target = typeof to === "string" ? await openProvider(to, { clock, logger }) : to;
  const close = async (): Promise<void> => (typeof to === "string" ? target.close() : undefined);
  try {
    const hive = await createHive({
      ...rest,
      clock,
      logger,
      provider: from,
      actors: names.map((name) => forwarder(name, target)),
      defaults: { parallelism: defaultParallelism, ...defaults },
    });
    return new Relay(hive, target, queueSpecs([], [{ publishes: topics }]), close);
  } catch (error) {
    await close();
    throw error;
  }
}

/** Publishes the events of one provider to another. Returned by {@link createRelay}. */
export class Relay implements AsyncDisposable {
  readonly #hive: Hive;
  readonly #to: Provider;
  readonly #specs: readonly QueueSpec[];
  readonly #close: () => Promise<void>;
  #stopped: Promise<void> | undefined;

  /** @internal Created by {@link createRelay}. */
  constructor(hive: Hive, to: Provider, specs: readonly QueueSpec[], close: () => Promise<void>) {
    this.#hive = hive;
    this.#to = to;
    this.#specs = specs;
    this.#close = close;
  }

  /** The subscriptions and queues that the relay reads. */
  get descriptors(): readonly ActorDescriptor[] {
    return this.#hive.descriptors;
  }

  /**
   * Sets up the subscriptions of the relay, which collect events from then on. `start` calls it.
   *
   * @throws BeeHiveError `QueueNotFound` when a topic or queue is missing where the events go: set that up first, since a
   *   topic without subscriptions drops its events.
   */
  async setup(): Promise<void> {
    await this.#hive.setup();
    const missing = await this.#to.queues.missing(this.#specs);
    if (missing.length === 0) return;
    throw new BeeHiveError(
      "QueueNotFound",
      `Missing on ${this.#to.name}:, where the relay publishes: ${missing.join(", ")}. Set up the hive that reads them first.`,
    );
  }

  /** Sets up if needed, then starts. @throws BeeHiveError as {@link setup} does. */
  async start(): Promise<void> {
    await this.setup();
    await this.#hive.start();
  }

  /** Resolves when no event waits to be relayed, or when the relay has stopped. */
  whenIdle(): Promise<void> {
    return this.#hive.whenIdle();
  }

  /** Resolves when the relay has stopped. */
  whenStopped(): Promise<void> {
    return this.#hive.whenStopped();
  }

  /** Returns whether the relay is live and ready; a topic that cannot be relayed is paused. See {@link Hive.health}. */
  health(options?: { readonly askProvider?: boolean }): Promise<Health> {
    return this.#hive.health(options);
  }

  /** Lets events under way finish, then closes the providers that it opened. See {@link Hive.stop}. */
  async stop(options?: Parameters<Hive["stop"]>[0]): Promise<void> {
    await this.#hive.stop(options);
    await (this.#stopped ??= this.#close());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}

function relayProblems({ from, to, topics }: RelayOptions): string[] {
  const sides = Object.entries({ from, to }).flatMap(([name, side]) =>
    typeof side === "string" || (typeof side === "object" && (side as unknown) !== null)
      ? []
      : [`${name} must be a URL, such as sqlite:./outbox.db, or a provider`],
  );
  if (from === to) sides.push("from and to are the same; a relay publishes from one provider to another");
  if (!Array.isArray(topics) || topics.length === 0) return [...sides, "topics must be a list of at least one topic"];
  return [...sides, ...publishesProblems("the relay", { publishes: topics })];
}

/** Returns an actor that publishes the events of a topic or queue to `to`, in order of their partition keys. */
function forwarder(name: QueueName, to: Provider): ActorClass {
  class RelayActor {
    async processAsync(event: Event): Promise<void> {
      try {
        await to.queues.push([event.clone({ id: event.id })]);
      } catch (error) {
        if (isBeeHiveError(error) && !error.retryable) throw error;
        throw new PauseSubscription(pauseMs, `cannot publish to ${to.name}: ${messageOf(error)}`, { cause: error });
      }
    }
  }
  const queueName = name.kind === "topic" ? `${name.topic}-${subscription}` : name.topic;
  actorDescription(queueName, { name: `${name.topic}Relay`, ordered: true, retry: { maxAttempts } })(RelayActor);
  return RelayActor;
}
