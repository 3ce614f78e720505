import assert from "node:assert/strict";
import { Event } from "../../../events/event.ts";
import { QueueName } from "../../../events/queue-name.ts";
import { rejectsWith } from "../assertions.ts";
import type { ContractCase } from "../contract.ts";
import { eventually } from "../eventually.ts";
import { ScratchQueue, specOf } from "../scratch-queue.ts";

/** Queues: ensured, missing, deleted. */
export const topology: readonly ContractCase[] = [
  {
    name: "queues are missing until ensured",
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
    name: "ensure keeps the events of a queue",
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
    name: "concurrent ensures make each queue once",
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
    name: "problems is empty for queues that the provider can make",
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
    name: "a deleted queue is missing, and a push to it QueueNotFound",
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
    name: "a deleted subscription leaves the other",
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
    name: "a deleted topic is missing with its subscriptions",
    async run(subject) {
      const [first, second] = await ScratchQueue.pair(subject);
      const { queues } = subject.provider;
      const specs = [specOf(QueueName.topic(first.name.topic)), specOf(first.name), specOf(second.name)];
      await queues.delete(QueueName.topic(first.name.topic));
      await eventually("all are missing", async () => (await queues.missing(specs)).length === 3);
    },
  },
  {
    name: "a delete of a missing queue does nothing",
    async run({ provider: { queues }, newName }) {
      const topic = newName();
      await queues.delete(QueueName.queue(newName()));
      await queues.delete(QueueName.topic(topic));
      await queues.delete(QueueName.parse(`${topic}-Reader`));
    },
  },
  {
    name: "a queue made again is empty and works",
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
