import assert from "node:assert/strict";
import type { ContractCase } from "../contract.ts";
import { wait } from "../eventually.ts";
import { bodiesOf, KeptTopic } from "./kept-topic.ts";

/** Retention and compaction of kept events. */
export const keeping: readonly ContractCase[] = [
  {
    name: "old events go, and positions stay",
    async run(subject) {
      await using topic = await KeptTopic.make(subject);
      await topic.push([0, 1]);
      await wait(topic.apartMs);
      await topic.push([2]);
      await topic.keepYounger(1);
      await topic.log.trim();
      assert.deepEqual(bodiesOf(await topic.read()), [2]);
      assert.deepEqual(await topic.log.range(topic.name), { first: 2, next: 3 });
    },
  },
  {
    name: "nothing goes that a subscription has not read",
    limit: "retention",
    async run(subject) {
      await using topic = await KeptTopic.make(subject, { forMs: 1 });
      const reader = await topic.subscribe("Slow", undefined, true);
      await topic.push([0, 1, 2]);
      await wait(20);
      await topic.log.trim();
      assert.deepEqual(bodiesOf(await topic.read()), [0, 1, 2]);
      assert.deepEqual(await topic.drain(reader, 3), [0, 1, 2]);
      await topic.log.trim();
      assert.deepEqual(await topic.read(), []);
    },
  },
  {
    name: "evenUnread removes before a slow reader has read",
    limit: "retention",
    async run(subject) {
      await using topic = await KeptTopic.make(subject, { forMs: 200, evenUnread: true });
      const reader = await topic.subscribe("Slow");
      await topic.push([0, 1]);
      await wait(300);
      await topic.push([2]);
      await topic.log.trim();
      assert.deepEqual(await topic.drain(reader, 1), [2]);
    },
  },
  {
    name: "a bound of bytes removes the oldest",
    async run(subject) {
      await using topic = await KeptTopic.make(subject, { maxBytes: 2_500 });
      const text = "x".repeat(998);
      for (let n = 0; n < 5; n++) await topic.push([text]);
      await topic.log.trim();
      assert.deepEqual(
        (await topic.read()).map(({ position }) => position),
        [3, 4],
      );
    },
  },
  {
    name: "compaction keeps the newest of each key",
    async run(subject) {
      await using topic = await KeptTopic.make(subject, { compact: true });
      const push = (body: unknown, partitionKey?: string): Promise<void> => topic.push([body], { partitionKey });
      await push("a1", "a");
      await push("b1", "b");
      await push("alone");
      await push("a2", "a");
      await topic.log.trim();
      assert.deepEqual(bodiesOf(await topic.read()), ["b1", "alone", "a2"]);
      assert.deepEqual(
        (await topic.read()).map(({ position }) => position),
        [1, 2, 3],
      );
    },
  },
  {
    name: "an event without a body ends its key, and goes later",
    async run(subject) {
      await using topic = await KeptTopic.make(subject, { compact: true });
      await topic.push(["a1"], { partitionKey: "a" });
      await topic.push([undefined], { partitionKey: "a" });
      await topic.log.trim();
      assert.deepEqual(bodiesOf(await topic.read()), [undefined]);
      await wait(topic.apartMs);
      await topic.push(["b1"], { partitionKey: "b" });
      await topic.keepYounger(1, { compact: true });
      await topic.log.trim();
      assert.deepEqual(bodiesOf(await topic.read()), ["b1"]);
    },
  },
  {
    name: "compaction takes nothing from a slow reader",
    async run(subject) {
      await using topic = await KeptTopic.make(subject, { compact: true });
      const reader = await topic.subscribe("Slow", undefined, true);
      for (const body of ["a1", "a2", "a3"]) await topic.push([body], { partitionKey: "a" });
      await topic.log.trim();
      assert.deepEqual(await topic.drain(reader, 3), ["a1", "a2", "a3"]);
      await topic.log.trim();
      assert.deepEqual(bodiesOf(await topic.read()), ["a3"]);
    },
  },
];
