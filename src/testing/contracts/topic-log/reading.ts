import assert from "node:assert/strict";
import { silentLogger } from "../../../base/logger.ts";
import { Event } from "../../../events/event.ts";
import { createHive } from "../../../hive/hive.ts";
import { rejectsWith } from "../assertions.ts";
import type { ContractCase } from "../contract.ts";
import { eventually, wait } from "../eventually.ts";
import { ScratchQueue } from "../scratch-queue.ts";
import { QueueName } from "../../../events/queue-name.ts";
import { compareBodies, bodiesOf, KeptTopic } from "./kept-topic.ts";

/** Reading and following kept events. */
export const reading: readonly ContractCase[] = [
  {
    name: "positions are gapless, from 0, and monotonic in time",
    async run(subject) {
      await using topic = await KeptTopic.make(subject);
      await topic.push([0, 1, 2]);
      await topic.push([3]);
      const events = await topic.read();
      assert.deepEqual(
        events.map(({ position }) => position),
        [0, 1, 2, 3],
      );
      assert.deepEqual(topic.inOrder(bodiesOf(events)), [0, 1, 2, 3]);
      const times = events.map(({ published }) => published);
      assert.deepEqual(
        times,
        times.toSorted((one, other) => one - other),
      );
      assert.deepEqual(await topic.log.range(topic.name), { first: 0, next: 4 });
    },
  },
  {
    name: "a kept event is whole, and addressed to its topic",
    async run(subject) {
      await using topic = await KeptTopic.make(subject);
      const event = topic.event({ n: 1 }, { properties: { a: true }, partitionKey: "k", correlationId: "c", url: "u" });
      await subject.provider.queues.push([event]);
      await topic.has(1);
      const [kept] = await topic.read();
      assert.deepEqual(kept?.event.toRecord(), event.toRecord());
    },
  },
  {
    name: "an event stays readable after it was consumed",
    async run(subject) {
      await using topic = await KeptTopic.make(subject);
      const reader = await topic.subscribe("Reads");
      await topic.push(["a", "b"]);
      assert.deepEqual((await topic.drain(reader, 2)).toSorted(compareBodies), ["a", "b"]);
      assert.deepEqual(bodiesOf(await topic.read()), ["a", "b"]);
    },
  },
  {
    name: "a read takes a part, by position, limit and key",
    async run(subject) {
      await using topic = await KeptTopic.make(subject);
      for (let n = 0; n < 6; n++) await topic.push([n], { partitionKey: n % 2 === 0 ? "even" : "odd" });
      assert.deepEqual(bodiesOf(await topic.log.read(topic.name, { from: 2, limit: 2 })), [2, 3]);
      assert.deepEqual(bodiesOf(await topic.read(1, "even")), [2, 4]);
      assert.deepEqual(bodiesOf(await topic.log.read(topic.name, { from: 0, limit: 2, key: "odd" })), [1, 3]);
      assert.deepEqual(await topic.read(6), []);
    },
  },
  {
    name: "positionAt finds the first event of a time",
    async run(subject) {
      await using topic = await KeptTopic.make(subject);
      await topic.push([0, 1]);
      await wait(20);
      await topic.push([2]);
      const [first, , last] = await topic.read();
      assert.equal(await topic.log.positionAt(topic.name, 0), 0);
      assert.equal(await topic.log.positionAt(topic.name, first?.published ?? NaN), 0);
      assert.equal(await topic.log.positionAt(topic.name, last?.published ?? NaN), 2);
      assert.equal(await topic.log.positionAt(topic.name, (last?.published ?? NaN) + 1), 3);
    },
  },
  {
    name: "a duplicate is kept once",
    async run(subject) {
      if (subject.provider.capabilities.deduplication !== true) return;
      await using topic = await KeptTopic.make(subject);
      const event = topic.event(1);
      await subject.provider.queues.push([event, event]);
      await subject.provider.queues.push([event]);
      await topic.push([2]);
      await topic.has(1);
      assert.deepEqual(topic.inOrder(bodiesOf(await topic.read())), [1, 2]);
    },
  },
  {
    name: "eight publishers at once skip no position and no reader's event",
    async run(subject) {
      await using topic = await KeptTopic.make(subject);
      const [publishers, pushes] = [8, 25];
      const total = publishers * pushes * 2;
      const seen: number[] = [];
      let over = false;
      const reader = (async () => {
        while (seen.length < total && !over) {
          const events = await topic.read(seen.length);
          seen.push(...events.map(({ position }) => position));
          if (events.length === 0) await topic.log.wait(topic.name, seen.length, 1_000, new AbortController().signal);
        }
      })();
      const publish = async (one: number): Promise<void> => {
        for (let n = 0; n < pushes; n++)
          await subject.provider.queues.push([topic.event(`${one}-${n}-a`), topic.event(`${one}-${n}-b`)]);
      };
      await Promise.all(Array.from({ length: publishers }, (_, one) => publish(one)));
      await eventually("the reader has all", () => seen.length === total).finally(() => (over = true));
      await reader;
      assert.deepEqual(
        seen,
        seen.map((_, n) => n),
      );
      assert.equal(new Set(bodiesOf(await topic.read())).size, total);
    },
  },
  {
    name: "follow yields what comes, and ends with its signal",
    async run(subject) {
      const name = subject.newName();
      const { provider } = subject;
      await using hive = await createHive({
        provider,
        logger: silentLogger,
        publishes: [name],
        keep: { [name]: "1d" },
      });
      await hive.start();
      await hive.push(new Event(name, "before"));
      await eventually("the log has it", async () => (await hive.log(name).range()).next === 1);
      const ending = new AbortController();
      const seen: unknown[] = [];
      const following = (async () => {
        for await (const { event } of hive.log(name).follow({ signal: ending.signal })) seen.push(event.getBody());
      })();
      await wait(50);
      await hive.push(new Event(name, 1));
      await hive.push([new Event(name, 2), new Event(name, 3)]);
      await eventually("all were followed", () => seen.length === 3);
      ending.abort();
      await following;
      assert.deepEqual(seen.toSorted(compareBodies), [1, 2, 3]);
      const read: unknown[] = [];
      for await (const { event } of hive.log(name).read()) read.push(event.getBody());
      assert.deepEqual(read, ["before", ...seen]);
    },
  },
  {
    name: "a topic that keeps nothing is refused with the way out",
    async run(subject) {
      const [first] = await ScratchQueue.pair(subject);
      const { log } = subject.provider.queues;
      const topic = first.name.destination;
      const { message } = (await rejectsWith("InvalidState", () => log?.range(topic) ?? Promise.resolve())) as Error;
      assert.match(message, /keep/);
      await rejectsWith("InvalidState", () => log?.rewind(first.name, 0, "drop") ?? Promise.resolve());
      await rejectsWith("QueueNotFound", () => log?.range(QueueName.topic(subject.newName())) ?? Promise.resolve());
    },
  },
];
