import {
  actorDescription,
  counterStore,
  eventType,
  injects,
  type BatchActor,
  type BatchContext,
  type CounterStore,
  type Event,
} from "beehive-actors";
import { simulate, SimulationFailed } from "beehive-actors/testing";
import * as assert from "uvu/assert";
import { suite } from "../../../support/suite.ts";

const test = suite("simulate: batches", { timeoutMs: 60_000 });
const Sold = eventType<{ id: string }>("Sold");
const push = ["1", "2", "3", "4"].map((id) => Sold.create({ id }));

@actorDescription("Sold-Count", { batch: { size: 3, interval: "2s" } })
@injects(counterStore)
class Count implements BatchActor {
  constructor(readonly counters: CounterStore) {}

  async processBatchAsync(events: readonly Event[], _: BatchContext) {
    for (const { id } of events) await this.counters.increment("Sales", "all", 1, { once: id });
  }
}

@actorDescription("Sold-Count", { batch: { size: 3, interval: "2s" } })
@injects(counterStore)
class CountTwice implements BatchActor {
  constructor(readonly counters: CounterStore) {}

  async processBatchAsync(events: readonly Event[]) {
    await this.counters.increment("Sales", "all", events.length);
  }
}

test("a batch that may be repeated passes with and without atomic steps", async () => {
  for (const as of ["memory", "aws"] as const) {
    const { failures, coverage } = await simulate({ actors: [Count], push, as, runs: 60 });
    assert.equal([failures, coverage.actors], [0, { hit: 1, never: [] }]);
  }
});

test("a batch that must not be repeated is found where steps are not atomic", async () => {
  await simulate({ actors: [CountTwice], push, as: "memory", runs: 60 });
  try {
    await simulate({ actors: [CountTwice], push, as: "aws", runs: 300 });
  } catch (error) {
    return assert.instance(error, SimulationFailed);
  }
  assert.unreachable("the simulation found nothing");
});

test.run();
