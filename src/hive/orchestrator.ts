import type { ActorDescriptor } from "../actors/actor.ts";
import type { Outcome } from "../actors/outcome.ts";
import type { Publisher } from "../actors/publishes.ts";
import { queueSpecs } from "../actors/topology.ts";
import { sleep } from "../base/clock.ts";
import { BeeHiveError, isBeeHiveError } from "../base/errors.ts";
import { Latch } from "../base/latch.ts";
import { throwProblems } from "../base/problems.ts";
import type { Lease, QueueSpec } from "../contract/queue-operator.ts";
import { FactoryActor, type FactoryActorParts } from "../delivery/factory-actor.ts";
import type { Event } from "../events/event.ts";

/** How the hive treats queues at its set-up: makes what is missing, or only checks, which needs no right to manage. */
export type Topology = "create" | "check";

/** Makes the queues that the actors need, and runs a factory actor for each subscription. */
export class Orchestrator {
  readonly #descriptors: readonly ActorDescriptor[];
  readonly #publishers: readonly Publisher[];
  readonly #parts: FactoryActorParts;
  readonly #factories: readonly FactoryActor[];

  constructor(descriptors: readonly ActorDescriptor[], publishers: readonly Publisher[], parts: FactoryActorParts) {
    this.#descriptors = descriptors;
    this.#publishers = publishers;
    this.#parts = parts;
    this.#factories = descriptors.map((descriptor) => new FactoryActor(descriptor, parts));
  }

  /** @throws BeeHiveError `InvalidConfiguration` with all that the provider refuses, `QueueNotFound` with all that is missing. */
  async setup(topology: Topology): Promise<void> {
    const { queues } = this.#parts.provider;
    const { specs } = this;
    throwProblems(queues.problems(specs));
    if (topology === "create") return await queues.ensure(specs);
    const missing = await queues.missing(specs);
    if (missing.length === 0) return;
    throw new BeeHiveError(
      "QueueNotFound",
      `Missing: ${missing.join(", ")}. Make them, or let the hive make them with topology: "create".`,
    );
  }

  /** Hands a lease to the factory actor of its subscription. @throws BeeHiveError `QueueNotFound` when no actor reads it. */
  async deliver(lease: Lease): Promise<Outcome> {
    const name = lease.queueName.toString();
    const factory = this.#factories.find(({ descriptor }) => descriptor.queueName.toString() === name);
    if (factory) return await factory.deliver(lease);
    throw new BeeHiveError("QueueNotFound", `No actor of this hive reads "${name}".`);
  }

  /** The queues that the actors read from, and that they and the other publishers publish to. */
  get specs(): readonly QueueSpec[] {
    return queueSpecs(this.#descriptors, this.#publishers);
  }

  /** One of each subscription. */
  get factories(): readonly FactoryActor[] {
    return this.#factories;
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
      const { clock } = this.#parts;
      const startedAt = clock.now();
      const before = this.#settled();
      const busy = this.#inFlight() > 0 || (await this.#waiting());
      // What moved from one queue to another during the count may have been missed: then it is counted again.
      if (!busy && this.#inFlight() === 0 && before === this.#settled()) return;
      // As long as the count took, so that counting a backlog takes no more than half of the time.
      const tookMs = clock.now() - startedAt;
      await sleep(clock, Math.min(maxIdlePollMs, Math.max(idlePollMs, tookMs)), signal);
    }
  }

  #settled(): number {
    return this.#factories.reduce((sum, { settled }) => sum + settled, 0);
  }

  #inFlight(): number {
    return this.#factories.reduce((sum, { inFlight }) => sum + inFlight, 0);
  }

  async #waiting(): Promise<boolean> {
    const { queues } = this.#parts.provider;
    for (const { queueName } of this.#descriptors) {
      const { ready, leased, delayed } = await queues.counts(queueName);
      if (ready + leased + delayed > 0 || (await queues.quiet?.(queueName)) === false) return true;
    }
    return false;
  }
}

const idlePollMs = 5;
/** A count that seems to take longer met a clock that was put forward. */
const maxIdlePollMs = 10_000;

/**
 * Returns why a push failed before the hive was set up: a queue that the hive would have made is not missing for want of
 * an actor, as the provider must think. Any other error comes back as it is.
 */
export function notSetUp(error: unknown, events: readonly Event[], specs: readonly QueueSpec[]): unknown {
  if (!isBeeHiveError(error, "QueueNotFound")) return error;
  const own = new Set(specs.map(({ name }) => name.toString()));
  const missing = events.find(({ queueName }) => own.has(queueName))?.queueName;
  if (missing === undefined) return error;
  return new BeeHiveError(
    "QueueNotFound",
    `The hive is not set up, so "${missing}" may not be there yet: await hive.start(), or hive.setup(), before you push. ${error.message}`,
    { cause: error },
  );
}
