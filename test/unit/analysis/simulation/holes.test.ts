/** Two holes of the first Prismo, written for C#: a simulation finds both. */
import {
  actorDescription,
  collectionStore,
  counterStore,
  eventType,
  injects,
  type CollectionStore,
  type CounterStore,
  type Event,
  type ProcessorActor,
} from "beehive-actors";
import { simulate, SimulationFailed, type SimulateOptions } from "beehive-actors/testing";
import * as assert from "uvu/assert";
import { suite } from "../../../support/suite.ts";

const test = suite("holes that a simulation finds", { timeoutMs: 120_000 });

const OrderPaid = eventType<{ orderId: string }>("OrderPaid");
const OrderShipped = eventType<{ orderId: string }>("OrderShipped");
const Done = collectionStore<{ id: string }>("Done");

/** Looks at the stock first, and takes what was there a moment ago. */
@actorDescription("OrderPaid-Inventory")
@injects(counterStore)
class LookingActor implements ProcessorActor {
  constructor(private readonly counters: CounterStore) {}

  async processAsync(event: Event): Promise<void> {
    if ((await this.counters.get("Stock", "lamp")) > 0)
      await this.counters.increment("Stock", "lamp", -1, { once: event.id });
  }
}

/** Ships when the other is done, and both look before they write. */
@actorDescription("OrderPaid-Fraud", { publishes: ["OrderShipped"] })
@actorDescription("OrderPaid-Packing", { publishes: ["OrderShipped"] })
@injects(Done)
class JoiningActor implements ProcessorActor {
  constructor(private readonly done: CollectionStore<{ id: string }>) {}

  async processAsync(event: Event): Promise<Event[]> {
    const { orderId } = OrderPaid.read(event);
    const [own, other] = event.queueName.endsWith("Fraud") ? ["fraud", "packing"] : ["packing", "fraud"];
    const isOtherDone = await this.done.exists(`${orderId}-${other}`);
    await this.done.insertIfAbsent({ id: `${orderId}-${own}` });
    return isOtherDone ? [OrderShipped.create({ orderId }, { id: `shipped-${orderId}` })] : [];
  }
}

@actorDescription("OrderShipped-Note")
@injects(Done)
class NoteActor implements ProcessorActor {
  constructor(private readonly done: CollectionStore<{ id: string }>) {}

  async processAsync(event: Event): Promise<void> {
    await this.done.insertIfAbsent({ id: `${OrderShipped.read(event).orderId}-shipped` });
  }
}

async function failureOf(options: SimulateOptions): Promise<SimulationFailed> {
  const failure = await simulate({ runs: 1_000, ...options }).catch((error: unknown) => error);
  assert.instance(failure, SimulationFailed);
  return failure as SimulationFailed;
}

test("stock that falls below zero", async () => {
  const options: SimulateOptions = {
    actors: LookingActor,
    push: ["1", "2", "3"].map((orderId) => OrderPaid.create({ orderId })),
    given: (stores) => stores.counters.increment("Stock", "lamp", 1),
    invariant: async (stores) => {
      const left = await stores.counters.get("Stock", "lamp");
      if (left < 0) throw new Error(`there are ${left} lamps`);
    },
    checks: { outcome: false },
  };
  const { violations, seed } = await failureOf({ ...options, as: "aws", faultsPerRun: 0 });
  assert.match(violations[0]?.message ?? "", /there are -\d lamps/);
  assert.ok((seed ?? 1) <= 50, `seed ${seed}`);
  // An atomic step sees that the stock has changed, and runs again.
  await simulate({ ...options, as: "sqlite", runs: 100 });
});

test("an order that never ships", async () => {
  const options: SimulateOptions = {
    actors: [JoiningActor, NoteActor],
    push: [OrderPaid.create({ orderId: "1" })],
    invariant: async (stores) => {
      if (!(await stores.collection("Done").exists("1-shipped"))) throw new Error("the order has not shipped");
    },
    checks: { outcome: false },
  };
  // In a calm run both are equally fast, so that the hole opens without any chance.
  const { violations } = await failureOf({ ...options, as: "azure" });
  assert.is(violations[0]?.message, "the order has not shipped");
  await simulate({ ...options, as: "sqlite", runs: 100 });
});

test.run();
