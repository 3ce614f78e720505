import assert from "node:assert/strict";
import { Event } from "../../../events/event.ts";
import type { CollectionStore, CounterStore, Identified } from "../../../contract/stores.ts";
import { injects } from "../../../actors/injection/container.ts";
import { collectionStore, counterStore } from "../../../actors/injection/tokens.ts";
import { needs, type ContractCase } from "../contract.ts";
import { eventually } from "../eventually.ts";
import { running, subscribe } from "./harness.ts";

interface Item extends Identified {
  readonly id: string;
  readonly etag?: string;
  readonly count: number;
}

/** Actors with stores. */
export const state: readonly ContractCase[] = [
  {
    name: "stores keep the writes of an actor",
    async run(subject) {
      const [topic, name] = [subject.newName(), subject.newName()];
      class Counting {
        constructor(readonly items: CollectionStore<Item>) {}
        async processAsync(): Promise<void> {
          const item = (await this.items.exists("a")) ? await this.items.get("a") : { id: "a", count: 0 };
          await this.items.upsert({ ...item, count: item.count + 1 });
        }
      }
      injects(collectionStore<Item>(name))(Counting);
      subscribe(Counting, `${topic}-Counting`, { parallelism: 1 });
      await using hive = await running(subject, [Counting]);
      await hive.push([1, 2, 3].map((n) => new Event(topic, n)));
      await hive.whenIdle();
      assert.equal((await hive.provider.stores.collection<Item>(name).get("a")).count, 3);
    },
  },
  {
    name: "idempotency keys keep a stock right under concurrency",
    async run(subject) {
      const [topic, name] = [subject.newName(), subject.newName()];
      class Taking {
        constructor(readonly counters: CounterStore) {}
        async processAsync({ id }: Event): Promise<void> {
          await this.counters.increment(name, "stock", -1, { min: 0, once: id });
        }
      }
      injects(counterStore)(Taking);
      subscribe(Taking, `${topic}-Taking`, { parallelism: 8, retry: { maxAttempts: 2 } });
      await using hive = await running(subject, [Taking]);
      await hive.provider.stores.counters.increment(name, "stock", 20);
      await hive.push(Array.from({ length: 25 }, (_, n) => new Event(topic, n)));
      await hive.whenIdle();
      assert.equal(await hive.provider.stores.counters.get(name, "stock"), 0);
      await eventually(
        "what could not be had is in the dead letters",
        async () => (await hive.queue(`${topic}-Taking`).counts()).dead === 5,
      );
    },
  },
  needs("atomicStep", {
    name: "writes of a failed attempt are discarded",
    async run(subject) {
      const [topic, name] = [subject.newName(), subject.newName()];
      class Failing {
        constructor(
          readonly items: CollectionStore<Item>,
          readonly counters: CounterStore,
        ) {}
        async processAsync(_: Event, { attempt }: { readonly attempt: number }): Promise<void> {
          await this.counters.increment(name, "runs", 1);
          await this.items.insert({ id: "a", count: attempt });
          if (attempt < 3) throw new Error("after the writes");
        }
      }
      injects(collectionStore<Item>(name), counterStore)(Failing);
      subscribe(Failing, `${topic}-Failing`);
      await using hive = await running(subject, [Failing]);
      await hive.push(new Event(topic));
      await hive.whenIdle();
      assert.equal((await hive.provider.stores.collection<Item>(name).get("a")).count, 3);
      assert.equal(await hive.provider.stores.counters.get(name, "runs"), 1);
    },
  }),
  needs("atomicStep", {
    name: "colliding steps run again, none lost or counted as failed",
    async run(subject) {
      const [topic, name] = [subject.newName(), subject.newName()];
      const attempts = new Set<number>();
      class Colliding {
        constructor(readonly items: CollectionStore<Item>) {}
        async processAsync(_: Event, { attempt }: { readonly attempt: number }): Promise<void> {
          attempts.add(attempt);
          const item = await this.items.get("a");
          await this.items.update({ ...item, count: item.count + 1 });
        }
      }
      injects(collectionStore<Item>(name))(Colliding);
      subscribe(Colliding, `${topic}-Colliding`, { parallelism: 4, retry: { maxAttempts: 1 } });
      await using hive = await running(subject, [Colliding]);
      await hive.provider.stores.collection<Item>(name).insert({ id: "a", count: 0 });
      // Enough steps that collided ones would starve if they did not go first.
      await hive.push(Array.from({ length: 150 }, (_, n) => new Event(topic, n)));
      await hive.whenIdle();
      assert.equal((await hive.provider.stores.collection<Item>(name).get("a")).count, 150);
      assert.deepEqual([...attempts], [1]);
      assert.equal((await hive.queue(`${topic}-Colliding`).counts()).dead, 0);
    },
  }),
];
