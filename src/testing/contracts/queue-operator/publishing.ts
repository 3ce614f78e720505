import assert from "node:assert/strict";
import { Event } from "../../../events/event.ts";
import { QueueName } from "../../../events/queue-name.ts";
import { rejectsWith } from "../assertions.ts";
import { needs, type ContractCase } from "../contract.ts";
import { eventually } from "../eventually.ts";
import { ScratchQueue, specOf } from "../scratch-queue.ts";

/** Destinations, enqueue times and duplicates. */
export const publishing: readonly ContractCase[] = [
  {
    name: "each subscription gets its own copy",
    async run(subject) {
      const [first, second] = await ScratchQueue.pair(subject);
      const pushed = await first.push("for both");
      const [one, two] = [await first.takeOne(), await second.takeOne()];
      assert.deepEqual([one.event.id, two.event.id], [pushed.id, pushed.id]);
      assert.deepEqual([one.event.queueName, two.event.queueName], [String(first.name), String(second.name)]);
      await first.commit(one);
      await second.abandon(two);
      assert.equal((await second.takeOne()).attempt, 2, "a change of one copy does not affect the other");
      await first.assertSilent();
    },
  },
  {
    name: "a new subscription gets later events only",
    async run({ provider: { queues }, newName }) {
      const topic = newName();
      await queues.ensure([specOf(QueueName.topic(topic))]);
      await queues.push([new Event(topic, "before")]);
      const late = QueueName.parse(`${topic}-Late`);
      await queues.ensure([specOf(QueueName.topic(topic)), specOf(late)]);
      await queues.push([new Event(topic, "after")]);
      const leases = [];
      const request = { max: 10, leaseMs: 60_000, waitMs: 1_000, signal: new AbortController().signal };
      while (leases.length === 0) leases.push(...(await queues.lease(late, request)));
      assert.deepEqual(
        leases.map(({ event }) => event.getBody()),
        ["after"],
      );
    },
  },
  {
    name: "consumers of a simple queue share its events",
    async run(subject) {
      const queue = await ScratchQueue.make(subject);
      await subject.provider.queues.push(Array.from({ length: 4 }, (_, n) => queue.event(n)));
      const [one, two] = await Promise.all([queue.take(2), queue.take(2)]);
      const bodies = [...one, ...two].map(({ event }) => event.getBody<number>());
      assert.deepEqual(
        bodies.sort((a, b) => a - b),
        [0, 1, 2, 3],
      );
    },
  },
  {
    name: "an event for later waits from its time on, where the oldest is known",
    async run(subject) {
      const queue = await ScratchQueue.make(subject);
      const { queues } = subject.provider;
      if (!queues.oldest) return;
      const enqueueTime = new Date(Date.now() + 500);
      await queue.push("late", { timestamp: new Date(Date.now() - 60_000), enqueueTime });
      assert.equal(await queues.oldest(queue.name), undefined);
      const oldest = await eventually("it is ready", () => queues.oldest?.(queue.name));
      assert.equal(oldest, enqueueTime.getTime());
    },
  },
  {
    name: "a topic and a queue of one name are two places",
    async run(subject) {
      const [subscription] = await ScratchQueue.pair(subject);
      const { queues } = subject.provider;
      const queue = QueueName.queue(subscription.name.topic);
      await queues.ensure([specOf(queue)]);
      await queues.push([new Event("Queued", "to the queue", { queueName: String(queue) })]);
      await subscription.assertSilent();
      await subscription.push("to the topic");
      assert.equal((await subscription.takeOne()).event.getBody(), "to the topic");
    },
  },
  {
    name: "a push of more events than one request takes delivers all",
    async run(subject) {
      const queue = await ScratchQueue.make(subject);
      await subject.provider.queues.push(
        Array.from({ length: 23 }, (_, n) => queue.event({ n, text: "x".repeat(20_000) })),
      );
      const leases = await queue.take(23);
      assert.equal(new Set(leases.map(({ event }) => event.getBody<{ n: number }>().n)).size, 23);
    },
  },
  {
    name: "one push delivers to several destinations",
    async run(subject) {
      const [one, two] = [await ScratchQueue.make(subject), await ScratchQueue.make(subject)];
      await subject.provider.queues.push([one.event("1"), two.event("2")]);
      assert.equal((await one.takeOne()).event.getBody(), "1");
      assert.equal((await two.takeOne()).event.getBody(), "2");
    },
  },
  {
    name: "a push to a missing topic or queue is QueueNotFound",
    async run({ provider: { queues }, newName }) {
      const name = newName();
      const error = await rejectsWith("QueueNotFound", () => queues.push([new Event(name, "lost")]));
      assert.match(error.message, new RegExp(name));
      await rejectsWith("QueueNotFound", () => queues.push([new Event("Lost", "lost", { queueName: newName() })]));
    },
  },
  {
    name: "push returns the number of duplicates, or undefined",
    async run(subject) {
      const queue = await ScratchQueue.make(subject);
      const { queues } = subject.provider;
      const event = queue.event("once");
      const dropped = [await queues.push([event]), await queues.push([event, queue.event("another"), event])];
      assert.deepEqual(dropped, dropped[0] === undefined ? [undefined, undefined] : [0, 2]);
    },
  },
  {
    name: "a push of no events does nothing",
    async run({ provider }) {
      await provider.queues.push([]);
    },
  },
  {
    name: "an event is not delivered before its enqueue time",
    async run(subject) {
      const queue = await ScratchQueue.make(subject);
      const enqueueTime = new Date(Date.now() + Math.max(1_500, subject.leaseMs));
      await queue.push("later", { enqueueTime });
      await queue.assertSilent();
      await queue.assertCounts({ waiting: 1, dead: 0 });
      const lease = await queue.takeOne();
      assert.ok(Date.now() >= enqueueTime.getTime() - 500, "it came too early");
      assert.deepEqual([lease.event.getBody(), lease.attempt], ["later", 1]);
    },
  },
  {
    name: "an enqueue time holds for an event of a clock that is ahead",
    async run(subject) {
      const queue = await ScratchQueue.make(subject);
      const enqueueTime = new Date(Date.now() + Math.max(1_500, subject.leaseMs));
      await queue.push("later", { enqueueTime, timestamp: new Date(Date.now() + 3_600_000) });
      await queue.assertSilent();
      assert.equal((await queue.takeOne()).event.getBody(), "later");
    },
  },
  {
    name: "a past enqueue time delivers at once",
    async run(subject) {
      const queue = await ScratchQueue.make(subject);
      await queue.push("now", { enqueueTime: new Date(Date.now() - 3_600_000) });
      assert.equal((await queue.takeOne()).event.getBody(), "now");
    },
  },
  needs("deduplication", {
    name: "an event pushed twice is delivered once",
    async run(subject) {
      const [first, second] = await ScratchQueue.pair(subject);
      const event = first.event("once");
      await subject.provider.queues.push([event]);
      await subject.provider.queues.push([event, event]);
      const lease = await first.takeOne();
      await first.assertSilent();
      await first.commit(lease);
      await subject.provider.queues.push([event]);
      await first.assertSilent();
      await second.takeOne();
      await second.assertSilent();
    },
  }),
  needs("deduplication", {
    name: "duplicates count for each destination",
    async run(subject) {
      const [one, two] = [await ScratchQueue.make(subject), await ScratchQueue.make(subject)];
      const { id } = await one.push("here");
      await two.push("there", { id });
      assert.equal((await two.takeOne()).event.getBody(), "there");
    },
  }),
  {
    name: "one id from two sources is two events",
    async run(subject) {
      const queue = await ScratchQueue.make(subject);
      const sources = ["/sensors/a", "/sensors/b"];
      const events = sources.map((source) => queue.event(source, { id: "1", properties: { source } }));
      await subject.provider.queues.push(events);
      await subject.provider.queues.push([queue.event("without", { id: "1" })]);
      const leases = await queue.take(3);
      assert.deepEqual(
        leases.map(({ event }) => `${event.id} ${event.properties["source"]} ${event.getBody<string>()}`).sort(),
        ["1 /sensors/a /sensors/a", "1 /sensors/b /sensors/b", "1 undefined without"],
      );
      for (const lease of leases) await queue.commit(lease);
      await queue.assertSilent();
    },
  },
  needs("deduplication", {
    name: "an event of a source pushed twice is delivered once",
    async run(subject) {
      const queue = await ScratchQueue.make(subject);
      const event = (): Event => queue.event("once", { id: "1", properties: { source: "/sensors/a" } });
      await subject.provider.queues.push([event()]);
      await subject.provider.queues.push([event()]);
      await queue.takeOne();
      await queue.assertSilent();
    },
  }),
];
