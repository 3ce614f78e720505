import assert from "node:assert/strict";
import { Event } from "../../../events/event.ts";
import { QueueName } from "../../../events/queue-name.ts";
import { rejectsWith } from "../assertions.ts";
import type { ContractCase } from "../contract.ts";
import { eventually } from "../eventually.ts";
import { ScratchQueue, specOf } from "../scratch-queue.ts";

/** Making, finding and deleting queues. */
export const topology: readonly ContractCase[] = [
  {
    name: "given queues that were never made, when missing is asked, then it names them, and none once they are made",
    async run({ provider: { queues }, newName }) {
      const topic = newName();
      const specs = [QueueName.topic(topic), QueueName.parse(`${topic}-Reader`), QueueName.queue(newName())].map(
        (name) => specOf(name),
      );
      assert.deepEqual(
        (await queues.missing(specs)).map(String),
        specs.map(({ name }) => String(name)),
      );
      await queues.ensure(specs);
      assert.deepEqual((await queues.missing(specs)).map(String), []);
    },
  },
  {
    name: "given a queue with an event, when it is ensured again, then the event is still there",
    async run(subject) {
      const [first, second] = await ScratchQueue.pair(subject);
      await first.push("kept");
      await subject.provider.queues.ensure([
        specOf(QueueName.topic(first.name.topic)),
        specOf(first.name),
        specOf(second.name),
      ]);
      assert.equal((await first.takeOne()).event.getBody(), "kept");
    },
  },
  {
    name: "given several processes, when all ensure the same queues at once, then all succeed and each is made once",
    async run({ provider: { queues }, newName }) {
      const topic = newName();
      const reader = QueueName.parse(`${topic}-Reader`);
      const specs = [specOf(QueueName.topic(topic)), specOf(reader)];
      await Promise.all(Array.from({ length: 5 }, () => queues.ensure(specs)));
      assert.deepEqual(await queues.missing(specs), []);
      await queues.push([new Event(topic, "one")]);
      const request = { max: 10, leaseMs: 60_000, waitMs: 1_000, signal: new AbortController().signal };
      const leases = await eventually("the event", async () => {
        const found = await queues.lease(reader, request);
        return found.length > 0 && found;
      });
      assert.equal(leases.length, 1);
      assert.deepEqual(await queues.lease(reader, { ...request, waitMs: 250 }), []);
    },
  },
  {
    name: "given queues that it can give, when problems are asked, then there are none",
    async run({ provider: { queues }, newName, leaseMs }) {
      const topic = newName();
      const specs = [
        specOf(QueueName.topic(topic)),
        specOf(QueueName.parse(`${topic}-Reader`), { leaseMs }),
        specOf(QueueName.queue(newName()), { leaseMs }),
      ];
      assert.deepEqual(queues.problems(specs), []);
    },
  },
  {
    name: "given a simple queue, when it is deleted, then it is missing and a push to it is QueueNotFound",
    async run(subject) {
      const queue = await ScratchQueue.make(subject);
      await queue.push("gone with it");
      await subject.provider.queues.delete(queue.name);
      await eventually(
        "the queue is missing",
        async () => (await subject.provider.queues.missing([specOf(queue.name)])).length === 1,
      );
      await rejectsWith("QueueNotFound", () => queue.push("refused"));
    },
  },
  {
    name: "given a topic with two subscriptions, when one is deleted, then the other still gets events",
    async run(subject) {
      const [first, second] = await ScratchQueue.pair(subject);
      await subject.provider.queues.delete(first.name);
      await eventually(
        "the subscription is missing",
        async () => (await subject.provider.queues.missing([specOf(first.name)])).length === 1,
      );
      await second.push("for the other");
      assert.equal((await second.takeOne()).event.getBody(), "for the other");
    },
  },
  {
    name: "given a topic with a subscription, when the topic is deleted, then both are missing",
    async run(subject) {
      const [first, second] = await ScratchQueue.pair(subject);
      const { queues } = subject.provider;
      const specs = [specOf(QueueName.topic(first.name.topic)), specOf(first.name), specOf(second.name)];
      await queues.delete(QueueName.topic(first.name.topic));
      await eventually("all are missing", async () => (await queues.missing(specs)).length === 3);
    },
  },
  {
    name: "given a queue that is not there, when it is deleted, then nothing happens",
    async run({ provider: { queues }, newName }) {
      const topic = newName();
      await queues.delete(QueueName.queue(newName()));
      await queues.delete(QueueName.topic(topic));
      await queues.delete(QueueName.parse(`${topic}-Reader`));
    },
  },
  {
    name: "given a queue that was deleted, when it is made again, then it is empty and works",
    async run(subject) {
      const queue = await ScratchQueue.make(subject);
      await queue.push("before");
      await subject.provider.queues.delete(queue.name);
      await subject.provider.queues.ensure([specOf(queue.name)]);
      await queue.push("after");
      assert.equal((await queue.takeOne()).event.getBody(), "after");
      await queue.assertSilent();
    },
  },
];
