import assert from "node:assert/strict";
import type { Event } from "../../events/event.ts";
import type { Step } from "../../contract/provider.ts";
import type { Lease } from "../../contract/queue-operator.ts";
import type { Identified } from "../../contract/stores.ts";
import { listOf, rejectsWith } from "./assertions.ts";
import { batchStep } from "./batch-step.ts";
import { assertCapability, needs, type ContractCase, type ContractSubject } from "./contract.ts";
import { wait } from "./eventually.ts";
import { ScratchQueue } from "./scratch-queue.ts";

interface Item extends Identified {
  readonly id: string;
  readonly etag?: string;
  readonly text?: string;
}

/** A step over a leased event, with names for its stores and a queue for its outputs. */
class Scene {
  readonly #subject: ContractSubject;
  readonly input: ScratchQueue;
  readonly output: ScratchQueue;
  readonly lease: Lease;
  readonly name: string;

  private constructor(subject: ContractSubject, input: ScratchQueue, output: ScratchQueue, lease: Lease) {
    this.#subject = subject;
    this.input = input;
    this.output = output;
    this.lease = lease;
    this.name = subject.newName();
  }

  static async set(subject: ContractSubject, leaseMs?: number): Promise<Scene> {
    const input = await ScratchQueue.make(subject, leaseMs === undefined ? {} : { leaseMs });
    const output = await ScratchQueue.make(subject);
    await input.push("input");
    return new Scene(subject, input, output, await input.takeOne());
  }

  begin(): Step {
    return this.#subject.provider.beginStep(this.lease);
  }

  get stores(): ContractSubject["provider"]["stores"] {
    return this.#subject.provider.stores;
  }

  outputs(): Event[] {
    return [this.output.event("output")];
  }

  /** Writes to each of the stores. */
  async writeEverything({ stores }: Pick<Step, "stores">, text: string): Promise<void> {
    await stores.collection<Item>(this.name).upsert({ id: "a", text });
    await stores.keyedList<Item>(this.name).upsert("List", "k", { id: "a", text });
    await stores.keyValue(this.name).upsert("a", text);
    await stores.counters.increment(this.name, "a", text.length);
  }

  /** Returns the committed content of each store. */
  async readEverything({ stores }: Pick<Step, "stores"> = this): Promise<unknown[]> {
    const [item] = await listOf(stores.collection<Item>(this.name).all());
    const [entry] = await listOf(stores.keyedList<Item>(this.name).all("List", "k"));
    const [blob] = await listOf(stores.keyValue(this.name).list());
    return [item?.text, entry?.text, blob?.size, await stores.counters.get(this.name, "a")];
  }

  static readonly nothing: unknown[] = [undefined, undefined, undefined, 0];

  /** Asserts that the step changed nothing and still holds its lease. */
  async assertNothingHappened(): Promise<void> {
    assert.deepEqual(await this.readEverything(), Scene.nothing);
    await this.output.assertSilent();
    await this.input.commit(this.lease);
    await this.input.assertCounts({ waiting: 0, dead: 0 });
  }
}

/** Cases of every step. */
const always: readonly ContractCase[] = [
  {
    name: "each capability is true or a reason",
    async run({ provider }) {
      for (const [capability, can] of Object.entries(provider.capabilities)) assertCapability(capability, can);
    },
  },
  {
    name: "a provider with a server tells its time in ms",
    async run({ provider }) {
      const time = (await provider.serverTime?.()) ?? Date.now();
      const apart = Math.abs(time - Date.now());
      assert.ok(apart < 60_000, `${time} is ${apart} ms from the time of this machine, or in another unit`);
    },
  },
  {
    name: "a commit applies writes, outputs and the event",
    async run(subject) {
      const scene = await Scene.set(subject);
      const step = scene.begin();
      await scene.writeEverything(step, "abc");
      await step.commit(scene.outputs());
      step.discard();
      assert.deepEqual(await scene.readEverything(), ["abc", "abc", 3, 3]);
      assert.equal((await scene.output.takeOne()).event.getBody(), "output");
      await scene.input.assertCounts({ waiting: 0, dead: 0 });
      await rejectsWith("LeaseLost", () => scene.input.commit(scene.lease));
    },
  },
  {
    name: "a discarded step keeps the lease and publishes nothing",
    async run(subject) {
      const scene = await Scene.set(subject);
      const step = scene.begin();
      step.discard();
      step.discard();
      await scene.output.assertSilent();
      await scene.input.commit(scene.lease);
    },
  },
  {
    name: "a late commit is LeaseLost and publishes nothing",
    async run(subject) {
      const scene = await Scene.set(subject, subject.leaseMs);
      const step = scene.begin();
      await wait(Math.max(0, scene.lease.expiresAt - Date.now()) + 50);
      await rejectsWith("LeaseLost", () => step.commit(scene.outputs()));
      await scene.output.assertSilent();
      assert.equal((await scene.input.takeOne()).attempt, 2);
    },
  },
];

/** Cases of atomic steps. */
const atomic: readonly ContractCase[] = [
  {
    name: "an open step is invisible to others",
    async run(subject) {
      const scene = await Scene.set(subject);
      const step = scene.begin();
      await scene.writeEverything(step, "abc");
      await scene.assertNothingHappened();
      step.discard();
    },
  },
  {
    name: "a discarded step leaves no writes",
    async run(subject) {
      const scene = await Scene.set(subject);
      const step = scene.begin();
      await scene.writeEverything(step, "abc");
      step.discard();
      await scene.assertNothingHappened();
    },
  },
  {
    name: "a step reads its own writes over the committed rows",
    async run(subject) {
      const scene = await Scene.set(subject);
      await scene.writeEverything(scene, "before");
      const outside = scene.stores.collection<Item>(scene.name);
      for (const id of ["b", "c"]) await outside.insert({ id, text: id });
      const step = scene.begin();
      const inside = step.stores.collection<Item>(scene.name);
      await scene.writeEverything(step, "after!!");
      await inside.delete("b");
      await inside.insert({ id: "bb", text: "new" });
      assert.deepEqual(await scene.readEverything(step), ["after!!", "after!!", 7, 13]);
      assert.deepEqual(
        (await listOf(inside.all())).map(({ id }) => id),
        ["a", "bb", "c"],
      );
      assert.deepEqual(
        (await listOf(inside.range({ from: "b", to: "c" }))).map(({ id }) => id),
        ["bb"],
      );
      assert.deepEqual([await inside.exists("b"), await inside.exists("bb")], [false, true]);
      await rejectsWith("NotFound", () => inside.get("b"));
      await rejectsWith("AlreadyExists", () => inside.insert({ id: "bb" }));
      const own = await inside.get("bb");
      await inside.update({ ...own, text: "newer" });
      await rejectsWith("ConcurrencyConflict", () => inside.update({ ...own, text: "stale" }));
      await step.commit([]);
      assert.deepEqual(await scene.readEverything(), ["after!!", "after!!", 7, 13]);
      assert.equal((await outside.get("bb")).text, "newer");
      assert.equal(await outside.exists("b"), false);
    },
  },
  {
    name: "an etag that a step returned is valid after its commit",
    async run(subject) {
      const scene = await Scene.set(subject);
      const step = scene.begin();
      const written = await step.stores.collection<Item>(scene.name).insert({ id: "a" });
      await step.commit([]);
      await scene.stores.collection<Item>(scene.name).update({ ...written, text: "goes on from there" });
    },
  },
  {
    name: "pages of a step that deleted and inserted many fit together",
    async run(subject) {
      const scene = await Scene.set(subject);
      const outside = scene.stores.collection<Item>(scene.name);
      const ids = Array.from({ length: 450 }, (_, n) => String(n).padStart(4, "0"));
      for (let n = 0; n < ids.length; n += 50)
        await Promise.all(ids.slice(n, n + 50).map((id) => outside.insert({ id })));
      const step = scene.begin();
      const inside = step.stores.collection<Item>(scene.name);
      for (const id of ids.slice(0, 250)) await inside.delete(id);
      for (const id of ids.slice(200, 260)) await inside.upsert({ id: `${id}x` });
      const expected = [...ids.slice(250), ...ids.slice(200, 260).map((id) => `${id}x`)].sort();
      assert.deepEqual(
        (await listOf(inside.all())).map(({ id }) => id),
        expected,
      );
      await step.commit([]);
      assert.deepEqual(
        (await listOf(outside.all())).map(({ id }) => id),
        expected,
      );
    },
  },
  {
    name: "a changed row is ConcurrencyConflict at the commit",
    async run(subject) {
      const scene = await Scene.set(subject);
      const name = subject.newName();
      const outside = scene.stores.collection<Item>(name);
      await outside.insert({ id: "read", text: "1" });
      const step = scene.begin();
      await step.stores.collection<Item>(name).get("read");
      await scene.writeEverything(step, "abc");
      await outside.update({ id: "read", text: "2" });
      await rejectsWith("ConcurrencyConflict", () => step.commit(scene.outputs()));
      await scene.assertNothingHappened();
    },
  },
  {
    name: "a row inserted by others is ConcurrencyConflict at the commit",
    async run(subject) {
      const scene = await Scene.set(subject);
      const name = subject.newName();
      const step = scene.begin();
      assert.equal(await step.stores.collection<Item>(name).exists("looked for"), false);
      await scene.writeEverything(step, "abc");
      await scene.stores.collection<Item>(name).insert({ id: "looked for" });
      await rejectsWith("ConcurrencyConflict", () => step.commit(scene.outputs()));
      await scene.assertNothingHappened();
    },
  },
  {
    name: "a step conflicts rather than mix versions",
    async run(subject) {
      const scene = await Scene.set(subject);
      const step = scene.begin();
      assert.equal(await step.stores.counters.get(scene.name, "a"), 0);
      await scene.stores.counters.increment(scene.name, "a", 1);
      await rejectsWith("ConcurrencyConflict", async () => {
        await step.stores.counters.increment(scene.name, "a", 1);
        await step.commit([]);
      });
      step.discard();
      assert.equal(await scene.stores.counters.get(scene.name, "a"), 1);
    },
  },
  {
    name: "one of two steps on one counter conflicts, then counts",
    async run(subject) {
      const [one, two] = [await Scene.set(subject), await Scene.set(subject)];
      const steps = [one.begin(), two.begin()] as const;
      for (const step of steps) await step.stores.counters.increment(one.name, "a", 1, { once: "one event" });
      await steps[0].commit([]);
      await rejectsWith("ConcurrencyConflict", () => steps[1].commit([]));
      const again = two.begin();
      assert.equal(await again.stores.counters.increment(one.name, "a", 1, { once: "another event" }), 2);
      await again.commit([]);
      assert.equal(await one.stores.counters.get(one.name, "a"), 2);
    },
  },
  {
    name: "a late commit changes nothing",
    async run(subject) {
      const scene = await Scene.set(subject, subject.leaseMs);
      const step = scene.begin();
      await scene.writeEverything(step, "abc");
      await wait(Math.max(0, scene.lease.expiresAt - Date.now()) + 50);
      await rejectsWith("LeaseLost", () => step.commit(scene.outputs()));
      assert.deepEqual(await scene.readEverything(), Scene.nothing);
      await scene.output.assertSilent();
    },
  },
  {
    name: "outputs to a missing queue change nothing",
    async run(subject) {
      const scene = await Scene.set(subject);
      const step = scene.begin();
      await scene.writeEverything(step, "abc");
      const lost = scene.output.event("lost", { queueName: subject.newName() });
      await rejectsWith("QueueNotFound", () => step.commit([...scene.outputs(), lost]));
      await scene.assertNothingHappened();
    },
  },
  {
    name: "concurrent calls of a step see each other's writes",
    async run(subject) {
      const scene = await Scene.set(subject);
      const step = scene.begin();
      const { counters } = step.stores;
      const items = step.stores.collection<Item>(scene.name);
      const values = await Promise.all(Array.from({ length: 5 }, () => counters.increment(scene.name, "up", 1)));
      assert.deepEqual(
        values.sort((a, b) => a - b),
        [1, 2, 3, 4, 5],
      );
      await counters.increment(scene.name, "stock", 2);
      const taken = await Promise.allSettled(
        Array.from({ length: 3 }, () => counters.increment(scene.name, "stock", -1, { min: 0 })),
      );
      assert.equal(taken.filter(({ status }) => status === "fulfilled").length, 2);
      const inserted = await Promise.allSettled([1, 2].map((n) => items.insert({ id: "one", text: `${n}` })));
      assert.equal(inserted.filter(({ status }) => status === "fulfilled").length, 1);
      await step.commit([]);
      assert.equal(await scene.stores.counters.get(scene.name, "up"), 5);
      assert.equal(await scene.stores.counters.get(scene.name, "stock"), 0);
    },
  },
  {
    name: "a call that is not awaited is InvalidState at the commit",
    async run(subject) {
      const scene = await Scene.set(subject);
      const calls: ((stores: Step["stores"]) => Promise<unknown>)[] = [
        (stores) => stores.collection<Item>(scene.name).insert({ id: "a" }),
        (stores) => stores.keyedList<Item>(scene.name).insert("List", "k", { id: "a" }),
        (stores) => stores.counters.increment(scene.name, "a", 1),
      ];
      for (const call of calls) {
        const step = scene.begin();
        const forgotten = call(step.stores);
        await rejectsWith("InvalidState", async () => step.commit(scene.outputs()));
        step.discard();
        // An uncaught rejection would end the process.
        await forgotten;
      }
      assert.deepEqual(await scene.readEverything(), Scene.nothing);
      const step = scene.begin();
      await step.stores.counters.increment(scene.name, "a", 1);
      await step.commit([]);
    },
  },
  {
    name: "a store is InvalidState after its step",
    async run(subject) {
      for (const end of ["commit", "discard"] as const) {
        const scene = await Scene.set(subject);
        const step = scene.begin();
        const { stores } = step;
        const collection = stores.collection<Item>(scene.name);
        if (end === "commit") await step.commit([]);
        else step.discard();
        await rejectsWith("InvalidState", () => collection.get("a"));
        await rejectsWith("InvalidState", () => collection.insert({ id: "a" }));
        await rejectsWith("InvalidState", async () => listOf(collection.all()));
        await rejectsWith("InvalidState", () => stores.keyedList<Item>(scene.name).listExists("List", "k"));
        await rejectsWith("InvalidState", () => stores.keyValue(scene.name).upsert("a", "late"));
        await rejectsWith("InvalidState", () => stores.counters.increment(scene.name, "a", 1));
        assert.deepEqual(await scene.readEverything(), Scene.nothing);
      }
    },
  },
];

/** The contract of steps. */
export const stepContract: readonly ContractCase[] = [
  ...always,
  ...atomic.map((one) => needs("atomicStep", one)),
  ...batchStep,
];
