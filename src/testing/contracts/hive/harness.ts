import type { ActorClass, ActorContext, ActorOptions, ActorOutput } from "../../../actors/actor.ts";
import { actorDescription } from "../../../actors/actor.ts";
import { createHive, type Hive, type HiveOptions } from "../../../hive/hive.ts";
import type { Event } from "../../../events/event.ts";
import { silentLogger } from "../../../base/logger.ts";
import type { Provider } from "../../../contract/provider.ts";
import type { QueueOperator } from "../../../contract/queue-operator.ts";
import type { ContractSubject } from "../contract.ts";

export type Work = (event: Event, context: ActorContext) => ActorOutput | Promise<ActorOutput>;

/** An actor class on `queueName` that does `work`; retries come soon. */
export function actor(queueName: string, work: Work, options: ActorOptions = {}): ActorClass {
  class TestActor {
    processAsync(event: Event, context: ActorContext): ActorOutput | Promise<ActorOutput> {
      return work(event, context);
    }
  }
  subscribe(TestActor, queueName, options);
  return TestActor;
}

/** As {@link actor}, for a class. */
export function subscribe(actorType: ActorClass, queueName: string, options: ActorOptions = {}): void {
  const retry = { minDelay: 1, maxDelay: 10, jitter: 0, ...options.retry };
  actorDescription(queueName, { lease: 60_000, ...options, retry })(actorType);
}

/** A hive at work on the provider under test, until it is disposed. */
export async function running(
  { provider }: Pick<ContractSubject, "provider">,
  actors: HiveOptions["actors"],
  options: Partial<HiveOptions> = {},
): Promise<Hive> {
  const hive = await createHive({ actors, provider, logger: silentLogger, ...options });
  await hive.start();
  return hive;
}

/** The provider with some methods of its queues replaced: what a network or a crash would do to them. */
export function tampered(provider: Provider, changes: Partial<QueueOperator>): Provider {
  const queues = new Proxy(provider.queues, {
    get(target, name) {
      const own: unknown = Reflect.get(changes, name);
      if (own !== undefined) return own;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? (value.bind(target) as unknown) : value;
    },
  });
  return {
    name: provider.name,
    capabilities: provider.capabilities,
    stores: provider.stores,
    queues,
    beginStep: (lease) => provider.beginStep(lease),
    close: () => provider.close(),
  };
}

/** A gate that work waits at until it is opened. */
export class Gate {
  readonly #opened: Promise<void>;
  #open: () => void = () => {};
  /** How many have come so far. */
  arrived = 0;

  constructor() {
    this.#opened = new Promise((resolve) => {
      this.#open = resolve;
    });
  }

  async pass(): Promise<void> {
    this.arrived++;
    await this.#opened;
  }

  open(): void {
    this.#open();
  }
}
