/** Steps that collide on an item, and run again. */
import type { HiveOptions } from "beehive-actors";
import { MemoryProvider } from "beehive-actors/memory";
import * as assert from "uvu/assert";
import { BeeHiveError, ConcurrencyConflict } from "../../../src/base/errors.ts";
import { listOf } from "../../../src/testing/contracts/assertions.ts";
import { actor, Gate, running } from "../../../src/testing/contracts/hive/harness.ts";
import type { Identified } from "../../../src/contract/stores.ts";
import { PatientClock } from "../../support/patient-clock.ts";
import { events, scene } from "../../support/scene.ts";
import { suite } from "../../support/suite.ts";

const test = suite("collisions");

interface Item extends Identified {
  readonly id: string;
  readonly count: number;
}

test("collided steps run again one after the other, and none twice", async () => {
  const gate = new Gate();
  let runs = 0;
  const clock = new PatientClock();
  const provider = new MemoryProvider({ clock });
  const counting = actor("Ping-Works", () => {}, { parallelism: 10 });
  const beginStep = provider.beginStep.bind(provider);
  provider.beginStep = (lease) => {
    const step = beginStep(lease);
    const commit = step.commit.bind(step);
    step.commit = async (outputs) => {
      runs++;
      const items = step.stores.collection<Item>("Items");
      const item = await items.get("a");
      if (runs <= 10) await gate.pass();
      await items.update({ ...item, count: item.count + 1 });
      await commit(outputs);
    };
    return step;
  };
  await provider.stores.collection<Item>("Items").insert({ id: "a", count: 0 });
  await using hive = await running({ provider }, counting, { clock });
  await hive.push(events(10));
  while (gate.arrived < 10) await clock.advance(0);
  gate.open();
  await clock.advance(1_000);
  assert.is((await hive.provider.stores.collection<Item>("Items").get("a")).count, 10);
  assert.is(runs, 19);
});

test("in memory, steps that read one item take turns and run once", async () => {
  let runs = 0;
  const clock = new PatientClock();
  const provider = new MemoryProvider({ clock });
  const beginStep = provider.beginStep.bind(provider);
  provider.beginStep = (lease) => {
    const step = beginStep(lease);
    const commit = step.commit.bind(step);
    step.commit = async (outputs) => {
      runs++;
      const items = step.stores.collection<Item>("Items");
      const item = await items.get("a");
      await items.update({ ...item, count: item.count + 1 });
      await commit(outputs);
    };
    return step;
  };
  await provider.stores.collection<Item>("Items").insert({ id: "a", count: 0 });
  const works = actor("Ping-Works", () => {}, { parallelism: 10 });
  await using hive = await running({ provider }, works, { clock });
  await hive.push(events(10));
  await clock.advance(1_000);
  assert.equal([runs, (await provider.stores.collection<Item>("Items").get("a")).count], [10, 10]);
});

test("a throttled run after a collision counts as a failure", async () => {
  const clock = new PatientClock();
  const provider = new MemoryProvider({ clock });
  const beginStep = provider.beginStep.bind(provider);
  let runs = 0;
  const works = actor("Ping-Works", () => {
    if (++runs === 2) throw new BeeHiveError("Throttled", "the bank asks to slow down");
  });
  provider.beginStep = (lease) => {
    const step = beginStep(lease);
    if (runs === 0) step.commit = () => Promise.reject(new ConcurrencyConflict("item", "others changed it"));
    return step;
  };
  const outcomes: string[] = [];
  const onDelivery: HiveOptions["onDelivery"] = ({ outcome }) => void outcomes.push(outcome);
  await using hive = await running({ provider }, works, { clock, onDelivery });
  await hive.push(events(1));
  await clock.advance(1_000);
  assert.equal(outcomes, ["retried", "committed"]);
});

test("a lease lost while waiting for a turn keeps the actor from running", async () => {
  const again = new Gate();
  const runs = [0, 0];
  const works = actor(
    "Ping-Works",
    async (event) => {
      const n = event.getBody<number>();
      runs[n] = (runs[n] ?? 0) + 1;
      if (runs[n] === 1) throw new ConcurrencyConflict("item", "others changed it");
      await again.pass();
    },
    { parallelism: 2, lease: 1_000 },
  );
  const { clock, hive } = await scene(works, (queues) => ({
    renew: async (leases, leaseMs) =>
      (await queues.renew(leases, leaseMs)).map((_, n) => leases[n]?.event.getBody<number>() === 0),
  }));
  await hive.push(events(2));
  await clock.advance(500);
  assert.equal([again.arrived, ...runs], [1, 2, 1]);
  again.open();
  await clock.advance(0);
  assert.equal(runs, [2, 1]);
  await hive.stop();
});

test("a collision of a lost lease does not wait for its turn", async () => {
  const [first, again] = [new Gate(), new Gate()];
  const runs = [0, 0];
  const outcomes: string[] = [];
  const works = actor(
    "Ping-Works",
    async (event) => {
      const n = event.getBody<number>();
      runs[n] = (runs[n] ?? 0) + 1;
      if (runs[n] === 2) return again.pass();
      if (n === 1) await first.pass();
      throw new ConcurrencyConflict("item", "others changed it");
    },
    { parallelism: 2, lease: 1_000 },
  );
  const { clock, hive } = await scene(
    works,
    (queues) => ({
      renew: async (leases, leaseMs) =>
        (await queues.renew(leases, leaseMs)).map((_, n) => leases[n]?.event.getBody<number>() === 0),
    }),
    { onDelivery: ({ outcome }) => void outcomes.push(outcome) },
  );
  await hive.push(events(2));
  await clock.advance(500);
  first.open();
  await clock.advance(0);
  assert.equal([outcomes, again.arrived], [["lease-lost"], 1]);
  again.open();
  await clock.advance(0);
  assert.equal(
    [outcomes, runs],
    [
      ["lease-lost", "committed"],
      [2, 1],
    ],
  );
  await hive.stop();
});

test("a step that collides for ever fails after twenty reruns", async () => {
  let runs = 0;
  const works = actor(
    "Ping-Works",
    () => {
      runs++;
      throw new ConcurrencyConflict("item", "others changed it");
    },
    { retry: { maxAttempts: 1 } },
  );
  const { clock, hive } = await scene(works);
  await hive.push(events(1));
  await clock.advance(1);
  const [letter] = await listOf(hive.queue("Ping-Works").deadLetters());
  assert.equal([runs, letter?.errorName], [21, "ConcurrencyConflict"]);
  await hive.stop();
});

test.run();
