import assert from "node:assert/strict";
import type { Step } from "../../contract/provider.ts";
import type { Identified } from "../../contract/stores.ts";
import { rejectsWith } from "./assertions.ts";
import type { ContractCase, ContractSubject } from "./contract.ts";
import { ScratchQueue } from "./scratch-queue.ts";

interface Item extends Identified {
  readonly id: string;
  readonly text: string;
}

/** A step over no event, with a queue for its outputs. */
interface Scene {
  readonly begin: () => Step;
  readonly output: ScratchQueue;
  readonly name: string;
}

/** Returns a case for providers that have `transact`. */
function outside(name: string, run: (scene: Scene, subject: ContractSubject) => Promise<void>): ContractCase {
  return {
    name,
    async run(subject) {
      const { provider } = subject;
      if (!provider.transact) return;
      const output = await ScratchQueue.make(subject);
      const begin = (): Step => {
        assert.ok(provider.transact);
        return provider.transact();
      };
      await run({ begin, output, name: subject.newName() }, subject);
    },
  };
}

/** Cases of steps over no event, which `transact` of a provider begins. */
export const outsideStepCases: readonly ContractCase[] = [
  outside("a step over no event commits writes and outputs", async ({ begin, output, name }, { provider }) => {
    const step = begin();
    await step.stores.collection<Item>(name).upsert({ id: "a", text: "b" });
    await output.assertSilent();
    await step.commit([output.event("output")]);
    assert.equal((await provider.stores.collection<Item>(name).get("a")).text, "b");
    assert.equal((await output.takeOne()).event.getBody(), "output");
  }),
  outside("a step over no event drops a known id", async ({ begin, output }) => {
    for (const body of ["one", "other"]) await begin().commit([output.event(body, { id: "given" })]);
    await output.commit(await output.takeOne());
    await output.assertCounts({ waiting: 0, dead: 0 });
  }),
  outside("of two steps over no event on one row one conflicts", async ({ begin, output, name }) => {
    const steps = [begin(), begin()] as const;
    for (const [n, { stores }] of steps.entries()) {
      const items = stores.collection<Item>(name);
      assert.equal(await items.find("a"), undefined);
      await items.upsert({ id: "a", text: `${n}` });
    }
    await steps[0].commit([output.event("0")]);
    await rejectsWith("ConcurrencyConflict", async () => steps[1].commit([output.event("1")]));
    assert.equal((await output.takeOne()).event.getBody(), "0");
    await output.assertSilent();
  }),
  outside("a discarded step over no event leaves nothing", async ({ begin, output, name }, { provider }) => {
    const step = begin();
    await step.stores.collection<Item>(name).upsert({ id: "a", text: "b" });
    step.discard();
    assert.equal(await provider.stores.collection<Item>(name).exists("a"), false);
    await output.assertSilent();
  }),
];
