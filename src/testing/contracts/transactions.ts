import assert from "node:assert/strict";
import { Event } from "../../events/event.ts";
import type { Identified, Stores, TransactionWork } from "../../contract/stores.ts";
import { forEachOf, listOf, rejectsWith } from "./assertions.ts";
import type { ContractCase, ContractSubject } from "./contract.ts";
import { QueueName } from "../../events/queue-name.ts";
import { eventually } from "./eventually.ts";
import { ScratchQueue, specOf } from "./scratch-queue.ts";

interface Item extends Identified {
  readonly id: string;
  readonly n?: number;
}

/** A collection for transactions, and a queue for their events. */
class Scene {
  readonly stores: Stores;
  readonly name: string;
  readonly queue: ScratchQueue;

  private constructor({ provider, newName }: ContractSubject, queue: ScratchQueue) {
    this.stores = provider.stores;
    this.name = newName();
    this.queue = queue;
  }

  static async set(subject: ContractSubject): Promise<Scene> {
    return new Scene(subject, await ScratchQueue.make(subject));
  }

  transact<R>(work: TransactionWork<Item, R>): Promise<R> {
    assert.ok(this.stores.transact);
    return this.stores.transact(this.name, work);
  }

  event(body: string): Event {
    return new Event("SomethingHappened", body, { queueName: this.queue.name.topic });
  }

  async items(): Promise<readonly (number | undefined)[]> {
    const all = await listOf(this.stores.collection<Item>(this.name).range({ to: "~" }));
    return all.map(({ n }) => n);
  }

  async assertNothingHappened(): Promise<void> {
    assert.deepEqual(await this.items(), []);
    await this.queue.assertSilent();
  }
}

/** The cases of a provider with `stores.transact`; one without it has none. */
const cases: readonly ContractCase[] = [
  {
    name: "a transaction writes its items and publishes its events",
    async run(subject) {
      const scene = await Scene.set(subject);
      const result = await scene.transact(async (items, publish) => {
        await items.insert({ id: "a", n: 1 });
        await items.upsert({ id: "b", n: 2 });
        publish(scene.event("written"));
        return "done";
      });
      assert.equal(result, "done");
      assert.deepEqual(await scene.items(), [1, 2]);
      assert.equal((await scene.queue.takeOne()).event.getBody(), "written");
    },
  },
  {
    name: "a transaction whose work throws changes and publishes nothing",
    async run(subject) {
      const scene = await Scene.set(subject);
      const failed = new Error("no");
      const run = scene.transact(async (items, publish) => {
        await items.insert({ id: "a", n: 1 });
        publish(scene.event("lost"));
        throw failed;
      });
      await assert.rejects(run, failed);
      await scene.assertNothingHappened();
    },
  },
  {
    name: "a transaction reads its own writes",
    async run(subject) {
      const scene = await Scene.set(subject);
      await scene.transact(async (items) => {
        const { etag } = await items.insert({ id: "a", n: 1 });
        await items.update({ id: "a", n: 2, etag });
        assert.equal((await items.get("a")).n, 2);
        await items.upsert({ id: "b" });
        await items.delete("b");
        assert.deepEqual(
          (await listOf(items.all())).map(({ id }) => id),
          ["a"],
        );
      });
      assert.deepEqual(await scene.items(), [2]);
    },
  },
  {
    name: "concurrent transactions on one item lose no change",
    async run(subject) {
      const scene = await Scene.set(subject);
      const turns = Array.from({ length: 8 }, (_, n) => n);
      await Promise.all(
        turns.map(() =>
          scene.transact(async (items, publish) => {
            const { n = 0, etag } = (await items.find("a")) ?? {};
            if (etag === undefined) await items.insert({ id: "a", n: 1 });
            else await items.update({ id: "a", n: n + 1, etag });
            publish(scene.event(`${n + 1}`));
          }),
        ),
      );
      assert.deepEqual(await scene.items(), [8]);
      const bodies = (await scene.queue.take(8)).map(({ event }) => event.getBody<string>());
      assert.deepEqual(bodies.toSorted(), ["1", "2", "3", "4", "5", "6", "7", "8"]);
    },
  },
  {
    name: "an item that was only read and then changes runs the work again",
    async run(subject) {
      const scene = await Scene.set(subject);
      const outside = scene.stores.collection<Item>(scene.name);
      await outside.insert({ id: "limit", n: 1 });
      let runs = 0;
      await scene.transact(async (items) => {
        const { n = 0 } = await items.get("limit");
        if (runs++ === 0) await outside.upsert({ id: "limit", n: 5 });
        await items.upsert({ id: "used", n });
      });
      assert.equal(runs, 2);
      assert.deepEqual(await scene.items(), [5, 5]);
    },
  },
  {
    name: "a blind write collides with no other",
    async run(subject) {
      const scene = await Scene.set(subject);
      let runs = 0;
      await forEachOf([1, 2, 3, 4], async (n) =>
        scene.transact(async (items) => {
          runs++;
          await items.upsert({ id: "shared" });
          await items.insert({ id: `own-${n}`, n });
        }),
      );
      assert.equal(runs, 4);
      assert.equal((await scene.items()).length, 5);
    },
  },
  {
    name: "a deletion of a missing item changes nothing else",
    async run(subject) {
      const scene = await Scene.set(subject);
      await scene.transact(async (items) => {
        await items.upsert({ id: "gone" });
        await items.delete("gone");
        await items.insert({ id: "a", n: 1 });
      });
      assert.deepEqual(await scene.items(), [1]);
    },
  },
  {
    name: "a transaction takes 90 items, or refuses more than its limit whole",
    async run(subject) {
      const scene = await Scene.set(subject);
      const write = (count: number): Promise<void> =>
        scene.transact(async (items) => {
          for (let n = 0; n < count; n++) await items.upsert({ id: `i${n}`, n });
        });
      await write(90);
      assert.equal((await scene.items()).length, 90);
      if (!scene.stores.publishPending) return write(150);
      const { message } = await rejectsWith("TooLarge", () => write(150));
      assert.match(message, /100/);
      assert.equal((await scene.items()).length, 90);
    },
  },
  {
    name: "among the stores of an atomic step, a transaction joins the step",
    async run(subject) {
      const scene = await Scene.set(subject);
      const input = await ScratchQueue.make(subject);
      await input.push("input");
      const step = subject.provider.beginStep(await input.takeOne());
      if (!step.atomic) return;
      assert.ok(step.stores.transact);
      await step.stores.transact<Item, void>(scene.name, async (items, publish) => {
        await items.insert({ id: "a", n: 1 });
        publish(scene.event("joined"));
      });
      assert.deepEqual(await scene.items(), []);
      assert.equal(step.published?.length, 1);
      await step.commit(step.published ?? []);
      assert.deepEqual(await scene.items(), [1]);
      assert.equal((await scene.queue.takeOne()).event.getBody(), "joined");
    },
  },
  {
    name: "an event without a destination changes nothing, or waits for one",
    async run(subject) {
      const scene = await Scene.set(subject);
      const queueName = subject.newName();
      const write = (): Promise<void> =>
        scene.transact(async (items, publish) => {
          await items.insert({ id: "a", n: 1 });
          publish(new Event("SomethingHappened", "early", { queueName }));
        });
      if (!scene.stores.publishPending) {
        await rejectsWith("QueueNotFound", write);
        return scene.assertNothingHappened();
      }
      await write();
      assert.deepEqual(await scene.items(), [1]);
      const queue = QueueName.queue(queueName);
      await subject.provider.queues.ensure([specOf(queue)]);
      await eventually("the pending event is published", async () => scene.stores.publishPending?.(scene.name));
      const request = { max: 1, leaseMs: 60_000, waitMs: 5_000, signal: new AbortController().signal };
      const [lease] = await subject.provider.queues.lease(queue, request);
      assert.equal(lease?.event.getBody(), "early");
      assert.equal(await scene.stores.publishPending(scene.name), 0);
    },
  },
];

/** The contract of `stores.transact`. */
export const transactionContract: readonly ContractCase[] = cases.map((one) => ({
  ...one,
  run: async (subject: ContractSubject): Promise<void> => {
    if (subject.provider.stores.transact) await one.run(subject);
  },
}));
