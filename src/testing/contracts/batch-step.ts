import assert from "node:assert/strict";
import type { BatchStep } from "../../contract/provider.ts";
import type { Lease } from "../../contract/queue-operator.ts";
import type { Identified } from "../../contract/stores.ts";
import { rejectsWith } from "./assertions.ts";
import { needs, type ContractCase, type ContractSubject } from "./contract.ts";
import { wait } from "./eventually.ts";
import { ScratchQueue } from "./scratch-queue.ts";

interface Item extends Identified {
  readonly id: string;
  readonly etag?: string;
  readonly count?: number;
}

/** Three leased events, a queue for outputs, and the name of a collection. */
class Scene {
  readonly #subject: ContractSubject;
  readonly input: ScratchQueue;
  readonly output: ScratchQueue;
  readonly leases: readonly Lease[];
  readonly name: string;

  private constructor(subject: ContractSubject, input: ScratchQueue, output: ScratchQueue, leases: readonly Lease[]) {
    this.#subject = subject;
    this.input = input;
    this.output = output;
    this.leases = leases;
    this.name = subject.newName();
  }

  static async set(
    subject: ContractSubject,
    options: { readonly ordered?: boolean; readonly leaseMs?: number } = {},
  ): Promise<Scene> {
    const input = await ScratchQueue.make(subject, options);
    const output = await ScratchQueue.make(subject);
    for (const n of [1, 2, 3]) await input.push(n, options.ordered ? { partitionKey: `key${n}` } : {});
    return new Scene(subject, input, output, await input.take(3));
  }

  begin(): BatchStep {
    const step = this.#subject.provider.beginBatch?.(this.leases);
    assert.ok(step, "a provider with atomic steps has beginBatch");
    return step;
  }

  get items(): ReturnType<ContractSubject["provider"]["stores"]["collection"]> {
    return this.#subject.provider.stores.collection(this.name);
  }

  /** Asserts that the step changed nothing, and that these leases are held. */
  async assertNothingHappened(held: readonly Lease[]): Promise<void> {
    assert.equal(await this.items.exists("a"), false, "nothing was written");
    await this.output.assertSilent();
    for (const lease of held) await this.input.commit(lease);
  }
}

/** The step of a batch: several leases, one commit. */
const cases: readonly ContractCase[] = [
  {
    name: "a batch commits its writes, outputs and leases together",
    async run(subject) {
      for (const ordered of [false, subject.provider.capabilities.ordering === true]) {
        const scene = await Scene.set(subject, { ordered });
        const step = scene.begin();
        await step.stores.collection<Item>(scene.name).insert({ id: "a", count: 3 });
        assert.equal(await scene.items.exists("a"), false, "an open batch is invisible to others");
        await step.commit(scene.leases, [scene.output.event("output")]);
        step.discard();
        assert.equal(await scene.items.exists("a"), true);
        assert.equal((await scene.output.takeOne()).event.getBody(), "output");
        await scene.input.assertCounts({ waiting: 0, dead: 0 });
        for (const lease of scene.leases) await rejectsWith("LeaseLost", () => scene.input.commit(lease));
      }
    },
  },
  {
    name: "the leases that a batch leaves out stay held",
    async run(subject) {
      const scene = await Scene.set(subject);
      const [first, second, third] = scene.leases as [Lease, Lease, Lease];
      const step = scene.begin();
      await step.commit([first, third], []);
      await scene.input.assertCounts({ waiting: 1, dead: 0 });
      await scene.input.commit(second);
    },
  },
  {
    name: "a batch with a lost lease changes nothing",
    async run(subject) {
      for (const ordered of [false, subject.provider.capabilities.ordering === true])
        for (const lost of [0, 2]) {
          const scene = await Scene.set(subject, { ordered });
          const step = scene.begin();
          await step.stores.collection<Item>(scene.name).insert({ id: "a" });
          await scene.input.commit(scene.leases[lost] as Lease);
          await rejectsWith("LeaseLost", async () => step.commit(scene.leases, [scene.output.event("output")]));
          step.discard();
          await scene.assertNothingHappened(scene.leases.filter((_, index) => index !== lost));
        }
    },
  },
  {
    name: "a batch that is too late changes nothing",
    async run(subject) {
      const scene = await Scene.set(subject, { leaseMs: subject.leaseMs });
      const step = scene.begin();
      await step.stores.collection<Item>(scene.name).insert({ id: "a" });
      const end = Math.max(...scene.leases.map(({ expiresAt }) => expiresAt));
      await wait(Math.max(0, end - Date.now()) + 50);
      await rejectsWith("LeaseLost", async () => step.commit(scene.leases, [scene.output.event("output")]));
      await scene.assertNothingHappened([]);
    },
  },
  {
    name: "a batch that read what others changed conflicts whole",
    async run(subject) {
      const scene = await Scene.set(subject);
      const step = scene.begin();
      await step.stores.collection<Item>(scene.name).exists("read");
      await step.stores.collection<Item>(scene.name).insert({ id: "a" });
      await subject.provider.stores.collection<Item>(scene.name).insert({ id: "read" });
      await rejectsWith("ConcurrencyConflict", async () => step.commit(scene.leases, [scene.output.event("output")]));
      step.discard();
      await scene.assertNothingHappened(scene.leases);
    },
  },
  {
    name: "outputs of a batch to a missing queue change nothing",
    async run(subject) {
      const scene = await Scene.set(subject);
      const step = scene.begin();
      await step.stores.collection<Item>(scene.name).insert({ id: "a" });
      const nowhere = scene.output.event("output", { queueName: subject.newName() });
      await rejectsWith("QueueNotFound", async () => step.commit(scene.leases, [nowhere]));
      step.discard();
      await scene.assertNothingHappened(scene.leases);
    },
  },
  {
    name: "a batch cancels events with its commit",
    async run(subject) {
      if (subject.provider.capabilities.cancel !== true) return;
      const scene = await Scene.set(subject);
      await scene.output.push("hold", { cancelKey: "hold", enqueueTime: new Date(Date.now() + 60_000) });
      const step = scene.begin();
      step.cancel("hold");
      await step.commit(scene.leases, []);
      await scene.output.assertCounts({ waiting: 0, dead: 0 });
      await scene.input.assertCounts({ waiting: 0, dead: 0 });
    },
  },
];

export const batchStep: readonly ContractCase[] = cases.map((one) => needs("atomicStep", one));
