import assert from "node:assert/strict";
import type { ContractCase } from "../contract.ts";
import { wait } from "../eventually.ts";
import { compareBodies, KeptTopic } from "./kept-topic.ts";

/** The start of a subscription. */
export const starting: readonly ContractCase[] = [
  {
    name: "a subscription gets nothing from before by default",
    async run(subject) {
      await using topic = await KeptTopic.make(subject);
      await topic.push(["before"]);
      const reader = await topic.subscribe("Reads");
      await topic.push(["after"]);
      assert.deepEqual(await topic.drain(reader, 1), ["after"]);
    },
  },
  {
    name: "a subscription from the beginning gets all, in order",
    async run(subject) {
      await using topic = await KeptTopic.make(subject);
      const bodies = Array.from({ length: topic.many }, (_, n) => n);
      await topic.push(bodies);
      const reader = await topic.subscribe("Reads", "beginning", true);
      await topic.push([topic.many]);
      assert.deepEqual(topic.inOrder(await topic.drain(reader, topic.many + 1)), [...bodies, topic.many]);
    },
  },
  {
    name: "a subscription starts at a position or a date",
    async run(subject) {
      await using topic = await KeptTopic.make(subject);
      for (const body of [0, 1]) await topic.push([body]);
      await wait(20);
      await topic.push([2, 3]);
      const published = (await topic.read(2))[0]?.published ?? NaN;
      const drained = async (name: string, from: number | Date, count: number): Promise<unknown[]> =>
        topic.inOrder(await topic.drain(await topic.subscribe(name, from, true), count));
      assert.deepEqual(await drained("ByPosition", 1, 3), [1, 2, 3]);
      assert.deepEqual(await drained("ByDate", new Date(published), 2), [2, 3]);
      assert.deepEqual(await drained("Beyond", 1_000, 0), []);
    },
  },
  {
    name: "latest-per-key gives the newest event of each key that lives",
    async run(subject) {
      await using topic = await KeptTopic.make(subject);
      await topic.push(["a1"], { partitionKey: "a" });
      await topic.push(["b1"], { partitionKey: "b" });
      await topic.push(["alone"]);
      await topic.push(["a2"], { partitionKey: "a" });
      await topic.push([undefined], { partitionKey: "b" });
      const reader = await topic.subscribe("Reads", "latest-per-key");
      await topic.push(["a3"], { partitionKey: "a" });
      assert.deepEqual((await topic.drain(reader, 3)).toSorted(compareBodies), ["a2", "a3", "alone"]);
    },
  },
  {
    name: "a second ensure leaves the position as it is",
    async run(subject) {
      await using topic = await KeptTopic.make(subject);
      await topic.push([1]);
      const reader = await topic.subscribe("Reads", "beginning");
      assert.deepEqual(await topic.drain(reader, 1), [1]);
      await topic.subscribe("Reads", "beginning");
      assert.deepEqual(await topic.drain(reader), []);
    },
  },
  {
    name: "attempts, delays and dead letters are as on any subscription",
    async run(subject) {
      const { queues } = subject.provider;
      await using topic = await KeptTopic.make(subject);
      const reader = await topic.subscribe("Reads");
      await topic.push(["fails"]);
      const [first] = await topic.take(reader, 1);
      assert.ok(first);
      await queues.abandon(first, { delayMs: 0, countAttempt: true });
      const [second] = await topic.take(reader, 1);
      assert.ok(second);
      assert.equal(second.attempt, 2);
      assert.equal(second.replayed, undefined);
      await queues.deadLetter(second, {
        event: second.event,
        reason: "it fails",
        errorName: "Error",
        errorMessage: "fails",
        stack: undefined,
        actor: "Actor",
        subscription: String(reader),
        attempts: 2,
        firstSeen: new Date(),
        lastSeen: new Date(),
      });
      assert.deepEqual(await topic.drain(reader), []);
      assert.equal((await queues.counts(reader)).dead, 1);
      await queues.requeue(reader, second.event.id);
      assert.deepEqual(await topic.drain(reader, 1), ["fails"]);
    },
  },
  {
    name: "the position says how far behind a subscription is",
    async run(subject) {
      await using topic = await KeptTopic.make(subject);
      const reader = await topic.subscribe("Reads");
      assert.equal((await topic.log.position(reader)).behind, 0);
      await topic.push([1, 2, 3]);
      const { behind, oldest } = await topic.log.position(reader);
      assert.equal(behind, 3);
      assert.ok(oldest !== undefined && Math.abs(Date.now() - oldest) < 60_000);
      assert.equal((await subject.provider.queues.counts(reader)).ready, 3);
      await topic.drain(reader, 3);
      assert.deepEqual(await topic.log.position(reader), { position: 3, behind: 0, oldest: undefined });
    },
  },
  {
    name: "leases have the positions of their events",
    async run(subject) {
      // An archive is written after the events were delivered.
      if (subject.provider.capabilities.log !== true) return;
      await using topic = await KeptTopic.make(subject);
      await topic.push([0, 1]);
      const plain = await topic.subscribe("Plain", "beginning");
      const ordered = await topic.subscribe("Ordered", "beginning", true);
      for (const name of [plain, ordered]) {
        const leases = await topic.take(name, 2);
        for (const { event, position } of leases) assert.equal(position, event.getBody());
      }
      // A poll that waits gets them from the push itself.
      const waiting = topic.take(plain, 2);
      await topic.push([2, 3]);
      for (const { event, position } of await waiting) assert.equal(position, event.getBody());
    },
  },
];
