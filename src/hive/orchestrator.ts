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

/** Whether the set-up creates missing queues, or only checks for them, which needs no right to manage queues. */
export type Topology = "create" | "check";

/** Creates the queues of the actors, and runs a factory actor for each subscription. */
export class Orchestrator {
  readonly #descriptors: readonly ActorDescriptor[];
  readonly #publishers: readonly Publisher[];
  readonly #parts: FactoryActorParts;
  readonly #factories: readonly FactoryActor[];
  #specs: readonly QueueSpec[] | undefined;

  constructor(descriptors: readonly ActorDescriptor[], publishers: readonly Publisher[], parts: FactoryActorParts) {
    this.#descriptors = descriptors;
    this.#publishers = publishers;
    this.#parts = parts;
    this.#factories = descriptors.map((descriptor) => new FactoryActor(descriptor, parts));
  }

  /**
   * Creates or checks the queues.
   *
   * @throws BeeHiveError `InvalidConfiguration` with everything that the provider refuses, `QueueNotFound` with all
   *   missing queues.
   */
  async setup(topology: Topology): Promise<void> {
    const { queues } = this.#parts.provider;
    const { specs } = this;
    throwProblems(queues.problems(specs));
    if (topology === "create") return await queues.ensure(specs);
    const missing = await queues.missing(specs);
    if (missing.length === 0) return;
    throw new BeeHiveError(
      "QueueNotFound",
      `Missing: ${missing.join(", ")}. Create them, or let the hive create them with topology: "create".`,
    );
  }

  /**
   * Passes a lease to the factory actor of its subscription.
   *
   * @throws BeeHiveError `QueueNotFound` when no actor reads it.
   */
  async deliver(lease: Lease): Promise<Outcome> {
    const name = lease.queueName.toString();
    const factory = this.#factories.find(({ descriptor }) => descriptor.queueName.toString() === name);
    if (factory) return await factory.deliver(lease);
    throw new BeeHiveError("QueueNotFound", `No actor of this hive reads "${name}".`);
  }

  /** The queues that actors read, and that actors and other publishers publish to. */
  get specs(): readonly QueueSpec[] {
    return (this.#specs ??= queueSpecs(this.#descriptors, this.#publishers));
  }

  /** One factory actor for each subscription. */
  get factories(): readonly FactoryActor[] {
    return this.#factories;
  }

  start(): void {
    for (const factory of this.#factories) factory.start();
  }

  /** Stops all factory actors at once; see {@link FactoryActor.stop}. */
  async stop(deadlineMs: number): Promise<void> {
    const passed = new Latch<void>();
    const timer = this.#parts.clock.after(deadlineMs, () => passed.resolve());
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
      // Counts again if anything was settled meanwhile: the count may have missed an event between two queues.
      if (!busy && this.#inFlight() === 0 && before === this.#settled()) return;
      // Sleeps as long as the count took, so that counting takes at most half of the time.
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
/** Maximum sleep, since a count that spans a jump of the clock seems to take long. */
const maxIdlePollMs = 10_000;

/**
 * Returns the error of a push before the set-up: it names the missing call if the hive itself would create the queue.
 *
 * Returns any other error unchanged.
 */
export function notSetUp(error: unknown, events: readonly Event[], specs: readonly QueueSpec[]): unknown {
  if (!isBeeHiveError(error, "QueueNotFound")) return error;
  const own = new Set(specs.map(({ name }) => name.toString()));
  const missing = events.find(({ queueName }) => own.has(queueName))?.queueName;
  if (missing === undefined) return error;
  return new BeeHiveError(
    "QueueNotFound",
    `The hive is not set up, so "${missing}" may not exist yet: ` +
      `await hive.start(), or hive.setup(), before you push. ${error.message}`,
    { cause: error },
  );
}
