import type { ActorDescriptor } from "./actor.ts";
import { throwProblems } from "./actor-configuration.ts";
import type { Clock } from "./clock.ts";
import { BeeHiveError } from "./errors.ts";
import { FactoryActor, type FactoryActorParts } from "./factory-actor.ts";
import { Latch } from "./latch.ts";
import { QueueName } from "./queue-name.ts";
import type { QueueSpec } from "./queue-operator.ts";

/** How the hive treats queues at its set-up: makes what is missing, or only checks, which needs no right to manage. */
export type Topology = "create" | "check";

/** Makes the queues that the actors need, and runs a factory actor for each subscription. */
export class Orchestrator {
  readonly #descriptors: readonly ActorDescriptor[];
  readonly #parts: FactoryActorParts;
  readonly #factories: readonly FactoryActor[];

  constructor(descriptors: readonly ActorDescriptor[], parts: FactoryActorParts) {
    this.#descriptors = descriptors;
    this.#parts = parts;
    this.#factories = descriptors.map((descriptor) => new FactoryActor(descriptor, parts));
  }

  /** @throws BeeHiveError `InvalidConfiguration` with all that the provider refuses, `QueueNotFound` with all that is missing. */
  async setup(topology: Topology): Promise<void> {
    const { queues } = this.#parts.provider;
    const specs = queueSpecs(this.#descriptors);
    throwProblems(queues.problems(specs));
    if (topology === "create") return await queues.ensure(specs);
    const missing = await queues.missing(specs);
    if (missing.length === 0) return;
    throw new BeeHiveError(
      "QueueNotFound",
      `Missing: ${missing.join(", ")}. Make them, or let the hive make them with topology: "create".`,
    );
  }

  start(): void {
    for (const factory of this.#factories) factory.start();
  }

  /** Stops all factory actors at once; see {@link FactoryActor.stop}. */
  async stop(deadline: number): Promise<void> {
    const passed = new Latch<void>();
    const timer = this.#parts.clock.after(deadline, () => passed.resolve());
    await Promise.all(this.#factories.map((factory) => factory.stop(passed.promise)));
    timer.cancel();
  }

  /** Resolves when no event of these actors is ready, leased or delayed. */
  async idle(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const before = this.#settled();
      const busy = this.#inFlight() > 0 || (await this.#waiting());
      // What moved from one queue to another during the count may have been missed: then it is counted again.
      if (!busy && this.#inFlight() === 0 && before === this.#settled()) return;
      await pause(this.#parts.clock);
    }
  }

  #settled(): number {
    return this.#factories.reduce((sum, { settled }) => sum + settled, 0);
  }

  #inFlight(): number {
    return this.#factories.reduce((sum, { inFlight }) => sum + inFlight, 0);
  }

  async #waiting(): Promise<boolean> {
    for (const { descriptor } of this.#factories) {
      const { ready, leased, delayed } = await this.#parts.provider.queues.counts(descriptor.queueName);
      if (ready + leased + delayed > 0) return true;
    }
    return false;
  }
}

const idlePollMs = 5;

function pause(clock: Clock): Promise<void> {
  return new Promise((resolve) => clock.after(idlePollMs, resolve));
}

/** The topics, subscriptions and queues that these actors read from and publish to, topics first. */
export function queueSpecs(descriptors: readonly ActorDescriptor[]): QueueSpec[] {
  const topics = new Map<string, QueueSpec>();
  const read = new Map<string, QueueSpec>();
  for (const { queueName, publishes, ordered, lease: leaseMs, retry } of descriptors) {
    const spec = { ordered, leaseMs, maxAttempts: retry.maxAttempts };
    read.set(queueName.toString(), { name: queueName, ...spec });
    const topic = queueName.kind === "subscription" ? [QueueName.topic(queueName.topic)] : [];
    for (const name of [...topic, ...publishes]) {
      if (!topics.has(name.toString())) topics.set(name.toString(), { name, ...spec, ordered: false });
    }
  }
  const publishedOnly = [...topics].filter(([name]) => !read.has(name)).map(([, spec]) => spec);
  return [...publishedOnly, ...read.values()];
}
