/** The loop of a subscription: work on events, settlement, and the end. */
import { createHive, Event, silentLogger, type HiveOptions } from "beehive-actors";
import { MemoryProvider } from "beehive-actors/memory";
import * as assert from "uvu/assert";
import { injects } from "../../../src/injection/container.ts";
import { BeeHiveError, ConcurrencyConflict } from "../../../src/base/errors.ts";
import type { QueueOperator } from "../../../src/contract/queue-operator.ts";
import { QueueName } from "../../../src/events/queue-name.ts";
import { listOf } from "../../../src/testing/contracts/assertions.ts";
import { actor, Gate, running, subscribe, tampered } from "../../../src/testing/contracts/hive/harness.ts";
import type { CollectionStore, Identified } from "../../../src/contract/stores.ts";
import { collectionStore } from "../../../src/injection/tokens.ts";
import { PatientClock } from "../../support/patient-clock.ts";
import { events, queueName, scene } from "../../support/scene.ts";
import { failureOf } from "../../support/failure.ts";
import { suite } from "../../support/suite.ts";
import { throwsCode } from "../../support/throws.ts";

const test = suite("factory actor");

interface Item extends Identified {
  readonly id: string;
  readonly count: number;
}

const never = new AbortController().signal;
const turn = (): Promise<void> => new Promise(setImmediate);

test("an event delivered too often is dead-lettered, unseen by its actor", async () => {
  const clock = new PatientClock();
  const memory = new MemoryProvider({ clock });
  const seen: number[] = [];
  const works = actor("Ping-Works", (_, { attempt }) => void seen.push(attempt), { retry: { maxAttempts: 2 } });
  const hive = await createHive({ actors: works, provider: memory, clock, logger: silentLogger });
  await hive.setup();
  await hive.push(events(1));
  for (const _ of [1, 2]) {
    await memory.queues.lease(queueName, { max: 1, leaseMs: 10, waitMs: 0, signal: never });
    await clock.advance(10);
  }
  await hive.start();
  await clock.advance(0);
  assert.equal(seen, []);
  const [letter] = await listOf(hive.queue("Ping-Works").deadLetters());
  assert.equal([letter?.errorName, letter?.attempts], ["Exhausted", 3]);
  assert.match(letter?.reason ?? "", /^delivered 3 times, never settled: its consumers may have crashed on it/);
  await hive.stop();
});

test("an event that moves between queues is counted again for whenIdle", async () => {
  const delayMs = 1_000;
  let moved = false;
  const first = actor("Pong-Works", () => {});
  const { clock, hive } = await scene(
    [first, actor("Ping-Works", () => [new Event("Pong", 1, { enqueueTime: new Date(clock.now() + delayMs) })])],
    (queues) => ({
      async counts(name) {
        const counted = await queues.counts(name);
        if (name.topic === "Pong" && !moved) {
          moved = true;
          await hive.push(events(1));
          while ((await queues.counts(QueueName.parse("Pong-Works"))).delayed === 0) await turn();
          await turn();
        }
        return counted;
      },
    }),
  );
  let idle = false;
  const waiting = hive.whenIdle().then(() => (idle = true));
  while (!moved) await turn();
  await clock.advance(delayMs / 2);
  await clock.advance(delayMs / 4);
  assert.is(idle, false);
  await clock.advance(delayMs);
  await waiting;
  await hive.stop();
});

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
    return { stores: step.stores, discard: () => step.discard(), commit };
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

test("a failing disposal leaves the delivery committed", async () => {
  const reports: unknown[] = [];
  class Failing {
    async processAsync(): Promise<void> {}
    async [Symbol.asyncDispose](): Promise<void> {
      throw new Error("no");
    }
  }
  subscribe(Failing, "Ping-Works");
  const onDelivery: HiveOptions["onDelivery"] = ({ outcome, error }) => void reports.push(outcome, error);
  const { clock, hive } = await scene(Failing, {}, { onDelivery });
  await hive.push(events(1));
  await clock.advance(0);
  assert.equal(reports, ["committed", undefined]);
  await hive.stop();
});

test("a stopping rule abandons its event at once, uncounted", async () => {
  const failing = actor("Ping-Works", () => Promise.reject(new TypeError("for good")), {
    supervision: [{ on: TypeError, action: "stop" }],
  });
  const { clock, hive, memory } = await scene(failing);
  await hive.push(events(1));
  await clock.advance(0);
  assert.is((await failureOf(hive.whenStopped())).message, "for good");
  const [lease] = await memory.queues.lease(queueName, { max: 1, leaseMs: 1_000, waitMs: 0, signal: never });
  assert.is(lease?.attempt, 1);
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

test("stores of a failed step refuse further use", async () => {
  let kept: CollectionStore<{ id: string }> | undefined;
  class Failing {
    constructor(readonly items: CollectionStore<{ id: string }>) {}
    async processAsync(): Promise<void> {
      kept = this.items;
      throw new Error("no");
    }
  }
  injects(collectionStore<{ id: string }>("Items"))(Failing);
  subscribe(Failing, "Ping-Works", { retry: { maxAttempts: 1 } });
  const { clock, hive } = await scene(Failing);
  await hive.push(events(1));
  await clock.advance(0);
  await throwsCode("InvalidState", () => kept?.insert({ id: "a" }));
  await hive.stop();
});

test.run();
