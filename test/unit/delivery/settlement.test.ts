/** When a delivery settles its event: not while a renewal is under way, and once. */
import type { Event } from "beehive-actors";
import { MemoryProvider } from "beehive-actors/memory";
import * as assert from "uvu/assert";
import { injects } from "../../../src/actors/injection/container.ts";
import { BeeHiveError } from "../../../src/base/errors.ts";
import type { QueueOperator } from "../../../src/contract/queue-operator.ts";
import { actor, Gate, running, subscribe, tampered } from "../../../src/testing/contracts/hive/harness.ts";
import type { CollectionStore } from "../../../src/contract/stores.ts";
import { collectionStore } from "../../../src/actors/injection/tokens.ts";
import { PatientClock } from "../../support/patient-clock.ts";
import { events, queueName, scene } from "../../support/scene.ts";
import { suite } from "../../support/suite.ts";

const test = suite("settlement");

test("a step commits only after a renewal that keeps its lease", async () => {
  const renewal = new Gate();
  const outcomes: string[] = [];
  const works = actor("Ping-Works", () => work.pass(), { lease: 1_000 });
  const work = new Gate();
  const changes: Partial<QueueOperator> = { renew: (leases) => renewal.pass().then(() => leases.map(() => false)) };
  const { clock, hive } = await scene(works, changes, { onDelivery: ({ outcome }) => void outcomes.push(outcome) });
  await hive.push(events(1));
  await clock.advance(500);
  assert.is(renewal.arrived, 1);
  work.open();
  await clock.advance(0);
  assert.equal(outcomes, [], "it waits for the renewal");
  renewal.open();
  await clock.advance(0);
  assert.equal(outcomes, ["lease-lost"]);
  assert.is((await hive.queue("Ping-Works").counts()).leased, 1, "it was not committed");
  await hive.stop();
});

test("a failed event is abandoned only after the renewal under way", async () => {
  const renewal = new Gate();
  const work = new Gate();
  const calls: string[] = [];
  const works = actor("Ping-Works", () => work.pass().then(() => Promise.reject(new Error("no"))), { lease: 1_000 });
  const { clock, hive } = await scene(works, (queues) => ({
    async renew(leases, leaseMs) {
      await renewal.pass();
      calls.push("renewed");
      return queues.renew(leases, leaseMs);
    },
    abandon(lease, options) {
      calls.push("abandoned");
      return queues.abandon(lease, options);
    },
  }));
  await hive.push(events(1));
  await clock.advance(500);
  work.open();
  await clock.advance(0);
  renewal.open();
  await clock.advance(0);
  assert.equal(calls, ["renewed", "abandoned"]);
  await hive.stop();
});

test("a lease is renewed no more once its run has failed", async () => {
  let renewals = 0;
  const retry = { minDelay: 60_000, maxDelay: 60_000 };
  const works = actor("Ping-Works", () => Promise.reject(new Error("no")), { lease: 1_000, retry });
  const { clock, hive } = await scene(works, (queues) => ({
    renew(leases, leaseMs) {
      renewals++;
      return queues.renew(leases, leaseMs);
    },
  }));
  await hive.push(events(1));
  await clock.advance(0);
  assert.is((await hive.queue("Ping-Works").counts()).delayed, 1);
  await clock.advance(10_000);
  assert.is(renewals, 0);
  await hive.stop();
});

for (const [when, thrown] of [
  ["the actor then throws", new Error("the bank hung up")],
  ["its provider reports it", new BeeHiveError("LeaseLost", "it ended")],
] as const)
  test(`a lost lease settles nothing when ${when}`, async () => {
    const work = new Gate();
    const outcomes: string[] = [];
    let abandoned = 0;
    const works = actor("Ping-Works", () => work.pass().then(() => Promise.reject(thrown)), { lease: 1_000 });
    const changes: Partial<QueueOperator> = {
      renew: async (leases) => leases.map(() => thrown instanceof BeeHiveError),
      abandon: async () => void abandoned++,
    };
    const { clock, hive } = await scene(works, changes, { onDelivery: ({ outcome }) => void outcomes.push(outcome) });
    await hive.push(events(1));
    await clock.advance(500);
    work.open();
    await clock.advance(0);
    assert.equal([outcomes, abandoned], [["lease-lost"], 0]);
    await hive.stop();
  });

test("a stop does not abandon an event a second time", async () => {
  const answer = new Gate();
  const failing = actor("Ping-Works", () => Promise.reject(new Error("no")));
  const { clock, hive } = await scene(failing, (queues) => ({
    async abandon(lease, options) {
      await answer.pass();
      return queues.abandon(lease, options);
    },
  }));
  await hive.push(events(1));
  await clock.advance(0);
  const stopping = hive.stop({ deadline: 100 });
  await clock.advance(100);
  assert.is(answer.arrived, 1);
  answer.open();
  await stopping;
});

test("a stop waits for a commit under way and abandons nothing", async () => {
  const answer = new Gate();
  const clock = new PatientClock();
  const memory = new MemoryProvider({ clock });
  let abandoned = 0;
  const provider = tampered(memory, { abandon: async () => void abandoned++ });
  provider.beginStep = (lease) => {
    const step = memory.beginStep(lease);
    const commit = async (outputs: readonly Event[]): Promise<void> => {
      await answer.pass();
      await step.commit(outputs);
    };
    return { stores: step.stores, discard: () => step.discard(), cancel: (key) => step.cancel(key), commit };
  };
  const hive = await running(
    { provider },
    actor("Ping-Works", () => {}),
    { clock },
  );
  await hive.push(events(1));
  await clock.advance(0);
  const stopping = hive.stop({ deadline: 100 });
  await clock.advance(100);
  answer.open();
  await stopping;
  assert.is(abandoned, 0);
  assert.equal(await memory.queues.counts(queueName), { ready: 0, leased: 0, delayed: 0, dead: 0 });
});

test("a stop abandons an event only after the renewal under way", async () => {
  const renewal = new Gate();
  const work = new Gate();
  const calls: string[] = [];
  const { clock, hive } = await scene(
    actor("Ping-Works", () => work.pass(), { lease: 1_000 }),
    (queues) => ({
      async renew(leases, leaseMs) {
        await renewal.pass();
        calls.push("renewed");
        return queues.renew(leases, leaseMs);
      },
      abandon(lease, options) {
        calls.push("abandoned");
        return queues.abandon(lease, options);
      },
    }),
  );
  await hive.push(events(1));
  await clock.advance(500);
  const stopping = hive.stop({ deadline: 100 });
  await clock.advance(100);
  renewal.open();
  await stopping;
  assert.equal(calls, ["renewed", "abandoned"]);
  work.open();
});

test("an actor that ends after the deadline is reported as abandoned", async () => {
  const gate = new Gate();
  const outcomes: string[] = [];
  const codes: unknown[] = [];
  class Slow {
    constructor(readonly items: CollectionStore<{ id: string }>) {}
    async processAsync(): Promise<void> {
      await gate.pass();
      await this.items.insert({ id: "a" }).catch((error: unknown) => codes.push((error as BeeHiveError).code));
    }
  }
  injects(collectionStore<{ id: string }>("Items"))(Slow);
  subscribe(Slow, "Ping-Works");
  const { clock, hive } = await scene(Slow, {}, { onDelivery: ({ outcome }) => void outcomes.push(outcome) });
  await hive.push(events(1));
  await clock.advance(0);
  const stopping = hive.stop({ deadline: 100 });
  await clock.advance(100);
  await stopping;
  gate.open();
  await clock.advance(0);
  assert.equal([outcomes, codes], [["abandoned"], ["InvalidState"]]);
});

test.run();
