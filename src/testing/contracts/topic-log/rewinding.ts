import assert from "node:assert/strict";
import { actorDescription } from "../../../actors/actor.ts";
import { Latch } from "../../../base/latch.ts";
import type { CollectionStore, CounterStore } from "../../../contract/stores.ts";
import { Event } from "../../../events/event.ts";
import { injects } from "../../../actors/injection/container.ts";
import { collectionStore, counterStore, keyedListStore } from "../../../actors/injection/tokens.ts";
import { rejectsWith } from "../assertions.ts";
import type { ContractCase, ContractSubject } from "../contract.ts";
import { eventually } from "../eventually.ts";
import { actor, running } from "../hive/harness.ts";
import { bodiesOf, compareBodies, KeptTopic } from "./kept-topic.ts";

interface Sum {
  readonly id: string;
  readonly sum: number;
}

/** A subscription that goes back. */
export const rewinding: readonly ContractCase[] = [
  {
    name: "a rewind delivers the past again, marked as replayed",
    async run(subject) {
      await using topic = await KeptTopic.make(subject);
      const reader = await topic.subscribe("Reads", undefined, true);
      for (const body of [0, 1, 2]) await topic.push([body]);
      await topic.drain(reader, 3);
      await topic.log.rewind(reader, 1, "drop");
      await topic.push([3]);
      const leases = new Map<unknown, unknown>();
      for (let n = 0; n < 3; n++) {
        const [lease] = await topic.take(reader, 1);
        assert.ok(lease);
        leases.set(lease.event.getBody(), [lease.replayed, lease.attempt]);
        await subject.provider.queues.commit(lease, []);
      }
      assert.deepEqual(topic.inOrder([...leases.keys()]), [1, 2, 3]);
      assert.deepEqual(leases.get(1), [{ position: 1, rewind: 1, outputs: "drop" }, 1]);
      assert.deepEqual(leases.get(2), [{ position: 2, rewind: 1, outputs: "drop" }, 1]);
      assert.deepEqual(leases.get(3), [undefined, 1]);
    },
  },
  {
    name: "a rewind takes what waits away, and delivers it once",
    async run(subject) {
      await using topic = await KeptTopic.make(subject);
      const reader = await topic.subscribe("Reads");
      await topic.push([0, 1, 2]);
      await topic.log.rewind(reader, "beginning", "publish");
      const leases = await topic.take(reader, 3);
      assert.deepEqual(bodiesOf(leases).toSorted(compareBodies), [0, 1, 2]);
      assert.deepEqual(
        leases.map(({ replayed }) => replayed?.outputs),
        ["publish", "publish", "publish"],
      );
      for (const lease of leases) await subject.provider.queues.commit(lease, []);
      assert.deepEqual(await topic.drain(reader), []);
    },
  },
  {
    name: "a rewind takes leases, waiting and delayed events away",
    limit: "rewind",
    async run(subject) {
      const { queues } = subject.provider;
      await using topic = await KeptTopic.make(subject);
      const reader = await topic.subscribe("Reads");
      await topic.push([0, 1, 2]);
      const [leased, delayed] = await topic.take(reader, 2);
      assert.ok(leased && delayed);
      await queues.abandon(delayed, { delayMs: 60_000, countAttempt: true });
      await topic.log.rewind(reader, "beginning", "publish");
      await rejectsWith("LeaseLost", () => queues.commit(leased, []));
      assert.deepEqual(await queues.renew([leased], 60_000), [false]);
      assert.deepEqual((await topic.drain(reader, 3)).toSorted(compareBodies), [0, 1, 2]);
      const { ready, leased: held, delayed: later } = await queues.counts(reader);
      assert.deepEqual([ready, held, later], [0, 0, 0]);
    },
  },
  {
    name: "a rewind leaves other subscriptions and dead letters alone",
    async run(subject) {
      await using topic = await KeptTopic.make(subject);
      const one = await topic.subscribe("One");
      const other = await topic.subscribe("Other");
      await topic.push([0]);
      await topic.drain(one, 1);
      await topic.drain(other, 1);
      await topic.log.rewind(one, "beginning", "drop");
      assert.deepEqual(await topic.drain(other), []);
      assert.deepEqual(await topic.drain(one, 1), [0]);
    },
  },
  {
    name: "a rewind forward skips, and to now empties",
    async run(subject) {
      await using topic = await KeptTopic.make(subject);
      const reader = await topic.subscribe("Reads");
      for (const body of [0, 1, 2]) await topic.push([body]);
      await topic.log.rewind(reader, 2, "drop");
      assert.deepEqual(await topic.drain(reader, 1), [2]);
      await topic.push([3]);
      await topic.log.rewind(reader, "now", "drop");
      assert.deepEqual(await topic.drain(reader), []);
    },
  },
  {
    name: "order by key holds across a rewind",
    run: (subject) => keepsOrder(subject, 0),
  },
  {
    name: "order by key holds across a rewind while events are leased",
    limit: "rewind",
    run: (subject) => keepsOrder(subject, 3),
  },
  {
    name: "a rewind empties the named stores in the same act",
    async run(subject) {
      const { queues, stores } = subject.provider;
      // Archives of a cloud are not in one place with its stores.
      if (!queues.log?.countItems) return;
      const [topic, name, counter] = [subject.newName(), subject.newName(), subject.newName()];
      const Sums = collectionStore<Sum>(name);
      const held = new Latch<void>();
      let holding = false;
      let underWay = false;
      class SumActor {
        readonly sums: CollectionStore<Sum>;
        readonly counters: CounterStore;

        constructor(sums: CollectionStore<Sum>, counters: CounterStore) {
          this.sums = sums;
          this.counters = counters;
        }

        async processAsync(event: Event): Promise<void> {
          const sum = (await this.sums.find("all"))?.sum ?? 0;
          await this.sums.upsert({ id: "all", sum: sum + event.getBody<number>() });
          await this.counters.increment(counter, "all", 1, { once: event.id });
          underWay = holding;
          if (holding) await held.promise;
        }
      }
      injects(Sums, counterStore)(SumActor);
      actorDescription(`${topic}-Sums`, { parallelism: 2 })(SumActor);
      await using hive = await running(subject, SumActor, { keep: { [topic]: "forever" } });
      const sums = hive.store(Sums);
      const lists = stores.keyedList(name);
      for (const list of ["A", "B"]) await lists.upsert(list, "1", { id: "1" });
      const derived = async (): Promise<unknown> => [
        (await sums.find("all"))?.sum,
        await stores.counters.get(counter, "all"),
      ];
      for (const n of [1, 2, 3]) await hive.push(new Event(topic, n));
      await hive.whenIdle();
      assert.deepEqual(await derived(), [6, 3]);
      holding = true;
      await hive.push(new Event(topic, 4));
      await eventually("a step under way", () => underWay);
      holding = false;
      await hive.queue(`${topic}-Sums`).rewind({ to: "beginning", outputs: "drop", clear: [Sums, { counter }] });
      held.resolve();
      await eventually("the rebuild", async () => (await sums.find("all"))?.sum === 10);
      await hive.whenIdle();
      assert.deepEqual(await derived(), [10, 4]);
      const { log } = queues;
      const counts = (["collection", "keyed list", "key-value", "counter"] as const).map(async (kind) =>
        log.countItems?.({ kind, name: kind === "counter" ? counter : name }),
      );
      assert.deepEqual(await Promise.all(counts), [1, 2, 0, 1]);
      await hive.queue(`${topic}-Sums`).rewind({ to: "now", outputs: "drop", clear: [keyedListStore(name)] });
      assert.deepEqual(
        [await lists.listExists("A"), await lists.listExists("B"), (await sums.find("all"))?.sum],
        [false, false, 10],
      );
      await rejectsWith("InvalidConfiguration", () =>
        hive.queue(`${topic}-Sums`).rewind({ to: "now", outputs: "drop", clear: [counterStore] }),
      );
    },
  },
  {
    name: "outputs of a replay are dropped or published anew, as asked",
    async run(subject) {
      const [a, b] = [subject.newName(), subject.newName()];
      const replayed: unknown[] = [];
      const seen: string[] = [];
      const first = actor(`${a}-First`, (event, context) => {
        replayed.push(context.replayed?.rewind);
        return [new Event(b, event.getBody())];
      });
      await using hive = await running(subject, [first, actor(`${b}-Last`, (event) => void seen.push(event.id))], {
        keep: { [a]: "forever" },
      });
      await hive.push(new Event(a, 1));
      await eventually("the first run", () => seen.length === 1);
      await hive.whenIdle();
      await hive.queue(`${a}-First`).rewind({ to: "beginning", outputs: "drop" });
      await eventually("the first replay", () => replayed.length === 2);
      await hive.whenIdle();
      assert.equal(seen.length, 1);
      await hive.queue(`${a}-First`).rewind({ to: "beginning", outputs: "publish" });
      await eventually("the second replay", () => seen.length === 2);
      await hive.whenIdle();
      assert.deepEqual(replayed, [undefined, 1, 2]);
      assert.equal(new Set(seen).size, 2);
    },
  },
];

/** Rewinds an ordered subscription, with some events leased, and compares the order of each key. */
async function keepsOrder(subject: ContractSubject, leased: number): Promise<void> {
  await using topic = await KeptTopic.make(subject);
  const reader = await topic.subscribe("Reads", undefined, true);
  const bodies = Array.from({ length: 9 }, (_, n) => n);
  for (const n of bodies) await topic.push([n], { partitionKey: `k${n % 3}` });
  if (leased > 0) await topic.take(reader, leased);
  await topic.log.rewind(reader, "beginning", "drop");
  const seen = (await topic.drain(reader, bodies.length)) as number[];
  assert.equal(seen.length, bodies.length);
  for (const key of [0, 1, 2]) {
    const ofKey = (n: number): boolean => n % 3 === key;
    assert.deepEqual(seen.filter(ofKey), bodies.filter(ofKey));
  }
}
