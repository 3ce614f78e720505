import { actorsFrom, type DescriptorSource } from "../actors/actors-from.ts";
import type { ActorClass } from "../actors/actor.ts";
import type { HiveOptions } from "../hive/hive.ts";
import { Container } from "../actors/injection/container.ts";
import type { Event } from "../events/event.ts";
import { QueueName } from "../events/queue-name.ts";
import type { Identified, Stores } from "../contract/stores.ts";
import { ManualClock } from "./manual-clock.ts";
import { BatchReaction } from "./batch-reaction.ts";
import { Reaction } from "./reaction.ts";
import { TestHive } from "./test-hive.ts";

/** Items that exist before the event, by the name of their collection. */
export type Items = Readonly<Record<string, readonly Identified[]>>;

export interface WhenOptions {
  /** Binds the dependencies of the actor besides stores. @default None. */
  readonly bind?: ((container: Container) => unknown) | undefined;
  /** The subscription or queue, when the event reaches several of the actor. */
  readonly queueName?: string | undefined;
  /** Settings of every actor of the hive, such as middleware. @default None. */
  readonly defaults?: HiveOptions["defaults"];
  /** The time that the actor sees. @default 2020-01-01 */
  readonly now?: Date | undefined;
}

/**
 * Tests one actor with one event: what it publishes, throws or writes.
 *
 * The actor runs as in a hive: created by injection, wrapped in its middleware, in one step with its stores. It can
 * publish only to the topics and queues of its `publishes`.
 *
 * @param arrangement Items by the name of their collection, or a function that writes into the stores.
 * @example
 * await given({ Orders: [order] })
 *   .when(OrderAccepted.create({ orderId: "1" }), PaymentActor)
 *   .then([PaymentAuthorised.create({ orderId: "1" })]);
 */
export function given<I extends Items>(arrangement?: I | ((stores: Stores) => unknown)): Given {
  return new Given(arrangement ?? {});
}

export class Given {
  readonly #arrangement: Items | ((stores: Stores) => unknown);

  /** @internal Created by {@link given}. */
  constructor(arrangement: Items | ((stores: Stores) => unknown)) {
    this.#arrangement = arrangement;
  }

  /** Delivers the event to the actor once, when the first expectation is awaited. */
  when(event: Event, actorType: ActorClass, options: WhenOptions = {}): Reaction {
    return new Reaction(`${actorType.name} on ${event.eventType}`, async () => {
      const actors = onlyReader(actorType, event, options.queueName);
      return this.#within(actors, options, async (hive) => {
        await hive.push(event);
        return { report: await hive.firstDelivery(), stores: hive.stores };
      });
    });
  }

  /**
   * Delivers events to an actor that takes batches, as one batch, when the first expectation is awaited.
   *
   * Events of one partition key come one after the other to an ordered actor.
   *
   * @example
   * await given()
   *   .whenBatch([RowRead.create({ id: "1" }), RowRead.create({ id: "" })], ImportActor)
   *   .thenFails(1, RejectEvent);
   */
  whenBatch(events: readonly Event[], actorType: ActorClass, options: WhenOptions = {}): BatchReaction {
    const [first] = events;
    if (!first) throw new Error(`${actorType.name}: a batch has one event at least.`);
    return new BatchReaction(`${actorType.name} on ${events.length} events`, events, async () => {
      const reader = onlyReader(actorType, first, options.queueName);
      return this.#within(inOneBatch(reader, events.length), options, async (hive) => {
        await hive.push(events);
        return { reports: await hive.firstDeliveries(events.length), stores: hive.stores };
      });
    });
  }

  async #within<R>(actors: DescriptorSource, options: WhenOptions, act: (hive: TestHive) => Promise<R>): Promise<R> {
    const container = new Container();
    await options.bind?.(container);
    const { defaults = {}, now } = options;
    const hive = await TestHive.start({ actors, container, defaults, clock: new ManualClock(now) });
    try {
      await this.#arrange(hive.stores);
      return await act(hive);
    } finally {
      await hive.stop();
    }
  }

  async #arrange(stores: Stores): Promise<void> {
    if (typeof this.#arrangement === "function") {
      await this.#arrangement(stores);
      return;
    }
    for (const [name, items] of Object.entries(this.#arrangement)) {
      for (const item of items) await stores.collection(name).insert(item);
    }
  }
}

/** Returns the actor on the one subscription or queue that the event reaches. */
function onlyReader(actorType: ActorClass, event: Event, queueName: string | undefined): DescriptorSource {
  return {
    getDescriptors(defaults) {
      const all = actorsFrom(actorType, defaults);
      const reached = all.filter(({ queueName: read }) =>
        queueName === undefined ? reaches(event, read) : read.toString() === queueName,
      );
      const [only] = reached;
      if (only && reached.length === 1) return [only];
      const reads = all.map(({ queueName: read }) => read).join(", ");
      throw new Error(
        reached.length === 0
          ? `${actorType.name} reads ${reads}; the event ${event.eventType} goes to ${queueName ?? event.queueName}.`
          : `${actorType.name} reads ${reads}; choose one of them with { queueName }.`,
      );
    },
  };
}

/** Returns the same actors with batches of one size, so that a batch is full at once. */
function inOneBatch(source: DescriptorSource, size: number): DescriptorSource {
  return {
    async getDescriptors(defaults) {
      const descriptors = [...(await source.getDescriptors(defaults))];
      const single = descriptors.find(({ batch }) => !batch);
      if (single)
        throw new Error(`${single.name} takes one event at a time: test it with when(event, ${single.name}).`);
      return descriptors.map((one) => ({ ...one, batch: one.batch && { ...one.batch, size } }));
    },
  };
}

function reaches(event: Event, read: QueueName): boolean {
  const to = QueueName.parse(event.queueName);
  return to.kind === "topic"
    ? read.kind === "subscription" && read.topic === to.topic
    : read.toString() === to.toString();
}
