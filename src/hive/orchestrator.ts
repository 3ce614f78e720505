import type { ActorDescriptor } from "../actors/actor.ts";
import type { Outcome } from "../actors/outcome.ts";
import type { Publisher } from "../actors/publishes.ts";
import { queueSpecs } from "../actors/topology.ts";
import { sleep } from "../base/clock.ts";
import { BeeHiveError } from "../base/errors.ts";
import { throwProblems } from "../base/problems.ts";
import type { Lease, QueueSpec } from "../contract/queue-operator.ts";
import { BatchLoop } from "../delivery/batches/batch-loop.ts";
import { DeliveryLoop, type DeliveryLoopParts } from "../delivery/delivery-loop.ts";
import type { SubscriptionLoop } from "../delivery/subscription-loop.ts";
import { logProblems, typeRuleProblems, withRules, type KeptTopics } from "./keep.ts";

/** Creates missing queues in the set-up, or only checks for them. A check needs no right to manage queues. */
export type Topology = "create" | "check";

/** Creates the queues of the actors, and runs a delivery loop for each subscription. */
export class Orchestrator {
  readonly #descriptors: readonly ActorDescriptor[];
  readonly #publishers: readonly Publisher[];
  readonly #keep: KeptTopics | undefined;
  readonly #parts: DeliveryLoopParts;
  readonly #loops: readonly SubscriptionLoop[];
  #specs: readonly QueueSpec[] | undefined;
  readonly #stopping = new AbortController();
  /** Ends when the log of kept topics is no longer written here. */
  #archiving: Promise<void> | undefined;

  constructor(
    descriptors: readonly ActorDescriptor[],
    publishers: readonly Publisher[],
    keep: KeptTopics | undefined,
    parts: DeliveryLoopParts,
  ) {
    this.#descriptors = descriptors;
    this.#publishers = publishers;
    this.#keep = keep;
    this.#parts = parts;
    this.#loops = descriptors.map((descriptor) => loopOf(descriptor, parts));
  }

  /**
   * Creates the queues and the stores, or checks the queues.
   *
   * @throws BeeHiveError `InvalidConfiguration` with everything that the provider refuses, `QueueNotFound` with all
   *   missing queues.
   */
  async setup(topology: Topology): Promise<void> {
    const { provider } = this.#parts;
    const { queues } = provider;
    const { specs } = this;
    throwProblems([...queues.problems(specs), ...logProblems(specs, provider), ...typeRuleProblems(specs, this.#keep)]);
    if (topology === "create") {
      await Promise.all([queues.ensure(await this.#toEnsure(specs)), provider.setup?.()]);
      return;
    }
    const missing = await queues.missing(specs);
    if (missing.length === 0) return;
    throw new BeeHiveError(
      "QueueNotFound",
      `Missing: ${missing.join(", ")}. Create them, or let the hive create them with topology: "create".`,
    );
  }

  /** Leaves out existing queues that others read, since the set-up of a queue decides whether it is ordered. */
  async #toEnsure(specs: readonly QueueSpec[]): Promise<readonly QueueSpec[]> {
    const ofOthers = specs.filter(({ publishedOnly }) => publishedOnly);
    if (ofOthers.length === 0) return specs;
    const missing = new Set((await this.#parts.provider.queues.missing(ofOthers)).map(String));
    return specs.filter((spec) => !ofOthers.includes(spec) || missing.has(spec.name.toString()));
  }

  /**
   * Passes a lease to the delivery loop of its subscription.
   *
   * @throws BeeHiveError `QueueNotFound` when no actor reads it.
   */
  async deliver(lease: Lease): Promise<Outcome> {
    return await this.loop(lease.queueName).deliver(lease);
  }

  /** Passes leases of one queue to the delivery loop of their subscription. @throws as {@link deliver}. */
  async deliverBatch(leases: readonly Lease[]): Promise<void> {
    const [first] = leases;
    if (first) await this.loop(first.queueName).deliverBatch(leases);
  }

  /** Returns the delivery loop of a subscription. @throws BeeHiveError `QueueNotFound` when no actor reads it. */
  loop(queueName: Lease["queueName"] | string): SubscriptionLoop {
    const name = queueName.toString();
    const loop = this.#loops.find(({ descriptor }) => descriptor.queueName.toString() === name);
    if (loop) return loop;
    throw new BeeHiveError("QueueNotFound", `No actor of this hive reads "${name}".`);
  }

  /** The queues that actors read, and that actors and other publishers publish to. */
  get specs(): readonly QueueSpec[] {
    return (this.#specs ??= withRules(queueSpecs(this.#descriptors, this.#publishers), this.#keep));
  }

  /** A delivery loop for each subscription. */
  get loops(): readonly SubscriptionLoop[] {
    return this.#loops;
  }

  /** The delivery loops of subscriptions that are not left to other processes. */
  get joined(): readonly SubscriptionLoop[] {
    return this.#loops.filter(({ polling }) => !polling.hasLeft);
  }

  start(): void {
    for (const loop of this.#loops) loop.start();
    const kept = this.specs.filter(({ keep }) => keep !== undefined).map(({ name }) => name);
    if (kept.length > 0) this.#archiving = this.#parts.provider.queues.log?.archive?.(kept, this.#stopping.signal);
  }

  /** Stops all delivery loops at once; see {@link SubscriptionLoop.stop}. */
  async stop(deadlineMs: number): Promise<void> {
    this.#stopping.abort();
    const stopped = new AbortController();
    const deadline = sleep(this.#parts.clock, deadlineMs, stopped.signal);
    await Promise.all([...this.#loops.map((loop) => loop.stop(deadline)), this.#archiving]);
    stopped.abort();
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
    return this.#loops.reduce((sum, { settled }) => sum + settled, 0);
  }

  #inFlight(): number {
    return this.#loops.reduce((sum, { inFlight }) => sum + inFlight, 0);
  }

  async #waiting(): Promise<boolean> {
    const { queues } = this.#parts.provider;
    for (const { queueName } of this.#descriptors) {
      const { ready, leased, delayed, lagging = false } = await queues.counts(queueName);
      if (lagging || ready + leased + delayed > 0) return true;
    }
    return false;
  }
}

function loopOf(descriptor: ActorDescriptor, parts: DeliveryLoopParts): SubscriptionLoop {
  const { batch } = descriptor;
  return batch ? new BatchLoop(descriptor, batch, parts) : new DeliveryLoop(descriptor, parts);
}

const idlePollMs = 5;
/** Maximum sleep, since a count that spans a jump of the clock seems to take long. */
const maxIdlePollMs = 10_000;
