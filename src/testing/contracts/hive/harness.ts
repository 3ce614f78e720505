import { Latch } from "../../../base/latch.ts";
import { silentLogger } from "../../../base/logger.ts";
import { overriding } from "../../../base/overriding.ts";
import type { Event } from "../../../events/event.ts";
import type { Provider } from "../../../contract/provider.ts";
import type { QueueOperator } from "../../../contract/queue-operator.ts";
import type { ActorClass, ActorContext, ActorOptions, ActorOutput, BatchContext } from "../../../actors/actor.ts";
import { actorDescription } from "../../../actors/actor.ts";
import { createHive, type Hive, type HiveOptions } from "../../../hive/hive.ts";
import type { ContractSubject } from "../contract.ts";

export type Work = (event: Event, context: ActorContext) => ActorOutput | Promise<ActorOutput>;

/** Returns an actor class on `queueName` that runs `work`, with short retries. */
export function actor(queueName: string, work: Work, options: ActorOptions = {}): ActorClass {
  class TestActor {
    processAsync(event: Event, context: ActorContext): ActorOutput | Promise<ActorOutput> {
      return work(event, context);
    }
  }
  subscribe(TestActor, queueName, options);
  return TestActor;
}

/** Describes a class as {@link actor} does. */
export function subscribe(actorType: ActorClass, queueName: string, options: ActorOptions = {}): void {
  const retry = { minDelay: 1, maxDelay: 10, jitter: 0, ...options.retry };
  actorDescription(queueName, { lease: 60_000, ...options, retry })(actorType);
}

export type BatchOf = (events: readonly Event[], context: BatchContext) => ActorOutput | Promise<ActorOutput>;

/** Returns an actor class on `queueName` that runs `work` on batches, with short retries. */
export function batchActor(queueName: string, work: BatchOf, options: ActorOptions = {}): ActorClass {
  class TestBatchActor {
    processBatchAsync(events: readonly Event[], context: BatchContext): ActorOutput | Promise<ActorOutput> {
      return work(events, context);
    }
  }
  subscribe(TestBatchActor, queueName, options);
  return TestBatchActor;
}

/** Starts a hive on the provider under test. Disposal stops it. */
export async function running(
  { provider }: Pick<ContractSubject, "provider">,
  actors: HiveOptions["actors"],
  options: Partial<HiveOptions> = {},
): Promise<Hive> {
  const hive = await createHive({ actors, provider, logger: silentLogger, ...options });
  await hive.start();
  return hive;
}

/** Returns the provider with replaced methods of its queues, to simulate a network failure or a crash. */
export function tampered(provider: Provider, changes: Partial<QueueOperator>): Provider {
  return overriding(provider, { queues: overriding(provider.queues, changes) });
}

/** A gate: work waits until it opens. */
export class Gate {
  readonly #opened = new Latch<void>();
  /** The number of arrivals. */
  arrived = 0;

  async pass(): Promise<void> {
    this.arrived++;
    await this.#opened.promise;
  }

  open(): void {
    this.#opened.resolve();
  }
}
