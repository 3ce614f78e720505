import assert from "node:assert/strict";
import { Event } from "../../../events/event.ts";
import { needs, type ContractCase, type ContractSubject } from "../contract.ts";
import { eventually } from "../eventually.ts";
import { actor, running } from "./harness.ts";

/** Events that come twice and are handled once. */
export const once: readonly ContractCase[] = [
  needs("deduplication", {
    name: "an event pushed twice reaches the last actor once",
    async run(subject) {
      const { first, seen, hive } = await chain(subject, (event, next) => [new Event(next, event.getBody())]);
      await using _ = hive;
      const event = new Event(first, 1);
      await hive.push([event, event]);
      await hive.push([event, new Event(first, 2)]);
      await hive.whenIdle();
      assert.deepEqual(
        seen.toSorted((one, other) => one - other),
        [1, 2],
      );
    },
  }),
  needs("deduplication", {
    name: "an id that two steps set is handled once",
    async run(subject) {
      const { first, seen, hive } = await chain(subject, (_event, next) => [new Event(next, 1, { id: "1" })]);
      await using _ = hive;
      await hive.push([new Event(first, 1), new Event(first, 2)]);
      await hive.whenIdle();
      assert.deepEqual(seen, [1]);
    },
  }),
  needs("deduplication", {
    name: "an id that one step set twice is handled once",
    async run(subject) {
      const { first, seen, hive } = await chain(subject, (_event, next) => [
        new Event(next, 1, { id: "1" }),
        new Event(next, 1, { id: "1" }),
      ]);
      await using _ = hive;
      await hive.push(new Event(first));
      await hive.whenIdle();
      assert.deepEqual(seen, [1]);
    },
  }),
  {
    name: "equal outputs of one step are all handled",
    async run(subject) {
      const { first, seen, hive } = await chain(subject, (_event, next) => [new Event(next, 1), new Event(next, 1)]);
      await using _ = hive;
      await hive.push(new Event(first));
      await hive.whenIdle();
      assert.deepEqual(seen, [1, 1]);
    },
  },
  {
    name: "a requeued dead letter publishes its outputs once",
    async run(subject) {
      let hopeless = true;
      const { first, seen, hive } = await chain(subject, (event, next) => {
        if (hopeless) throw new TypeError("hopeless");
        return [new Event(next, event.getBody())];
      });
      await using _ = hive;
      await hive.push(new Event(first, 1));
      const queue = hive.queue(`${first}-First`);
      await eventually("the dead letter", async () => (await queue.counts()).dead === 1);
      hopeless = false;
      await queue.requeue({ all: true });
      await eventually("the output", () => seen.length > 0);
      await hive.whenIdle();
      assert.deepEqual(seen, [1]);
    },
  },
];

/** Starts two actors: the first publishes what `work` returns, the second notes the bodies. */
async function chain(
  subject: ContractSubject,
  work: (event: Event, next: string) => readonly Event[],
): Promise<{ first: string; seen: number[]; hive: Awaited<ReturnType<typeof running>> }> {
  const [first, next] = [subject.newName(), subject.newName()];
  const seen: number[] = [];
  const hive = await running(subject, [
    actor(`${first}-First`, (event) => work(event, next), { retry: { maxAttempts: 1 } }),
    actor(`${next}-Last`, (event) => void seen.push(event.getBody<number>())),
  ]);
  return { first, seen, hive };
}
