import assert from "node:assert/strict";
import type { Transaction } from "../../../contract/transaction.ts";
import { Event } from "../../../events/event.ts";
import { rejectsWith } from "../assertions.ts";
import { needs, type ContractCase, type ContractSubject } from "../contract.ts";
import { eventually } from "../eventually.ts";
import { actor, running } from "./harness.ts";

/** Pushes within a transaction of the application. */
export const transactions: readonly ContractCase[] = [
  needs("transactions", {
    name: "events of a transaction are delivered once it has committed",
    async run(subject) {
      const topic = subject.newName();
      const seen: unknown[] = [];
      await using hive = await running(subject, [
        actor(`${topic}-A`, (event) => void seen.push(event.getBody())),
        actor(`${topic}-B`, (event) => void seen.push(event.getBody())),
      ]);
      await transactionOf(subject)(async (within) => {
        await hive.push([new Event(topic, 1), new Event(topic, 2, { delivery: "log" })], { within });
        await hive.push(new Event(topic, 3), { within });
        await hive.whenIdle();
        assert.deepEqual(seen, []);
      });
      await eventually("both subscriptions have all events", () => seen.length === 6);
      assert.deepEqual(new Set(seen), new Set([1, 2, 3]));
    },
  }),
  needs("transactions", {
    name: "a transaction that is rolled back publishes nothing",
    async run(subject) {
      const topic = subject.newName();
      await using hive = await running(subject, [], { publishes: [`${topic}-${topic}`] });
      const failure = new Error("no more stock");
      const event = new Event(topic, "again", { id: "1", queueName: topic });
      const failing = transactionOf(subject)(async (within) => {
        await hive.push(event, { within });
        throw failure;
      });
      await assert.rejects(failing, failure);
      assert.equal((await hive.queue(topic).counts()).ready, 0);
      await hive.push(event);
      assert.equal((await hive.queue(topic).counts()).ready, 1, "its id counts as no duplicate");
    },
  }),
  needs("transactions", {
    name: "the order of a key is that of its commits",
    async run(subject) {
      if (subject.provider.capabilities.ordering !== true) return;
      const topic = subject.newName();
      const seen: unknown[] = [];
      await using hive = await running(subject, [
        actor(`${topic}-A`, (event) => void seen.push(event.getBody()), { ordered: true }),
      ]);
      const push = (body: number, within?: Transaction): Promise<unknown> =>
        hive.push(new Event(topic, body, { partitionKey: "key" }), { within });
      await push(1);
      await transactionOf(subject)(async (within) => {
        await push(2, within);
        await push(3, within);
      });
      await push(4);
      await eventually("all events have arrived", () => seen.length === 4);
      assert.deepEqual(seen, [1, 2, 3, 4]);
    },
  }),
  needs("transactions", {
    name: "a duplicate of a committed event is dropped [deduplication]",
    async run(subject) {
      if (subject.provider.capabilities.deduplication !== true) return;
      const topic = subject.newName();
      await using hive = await running(subject, [], { publishes: [`${topic}-${topic}`] });
      const event = new Event(topic, "once", { id: "1", queueName: topic });
      await hive.push(event);
      await transactionOf(subject)(async (within) => {
        assert.equal(await hive.push([event, event], { within }), 2);
      });
      assert.equal((await hive.queue(topic).counts()).ready, 1);
    },
  }),
  needs("transactions", {
    name: "a push within a transaction to a missing topic is QueueNotFound",
    async run(subject) {
      const topic = subject.newName();
      await using hive = await running(subject, []);
      await transactionOf(subject)(async (within) => {
        const { message } = await rejectsWith("QueueNotFound", () => hive.push(new Event(topic), { within }));
        assert.match(message, new RegExp(`${topic}-`));
      });
    },
  }),
  {
    name: "a push within what is no transaction publishes nothing",
    async run(subject) {
      const topic = subject.newName();
      await using hive = await running(subject, [], { publishes: [`${topic}-${topic}`] });
      const event = new Event(topic, "nothing", { queueName: topic });
      for (const within of [{}, "BEGIN"] as unknown as Transaction[])
        await rejectsWith("InvalidConfiguration", () => hive.push(event, { within }));
      assert.equal((await hive.queue(topic).counts()).ready, 0);
    },
  },
];

function transactionOf({ transaction }: ContractSubject): NonNullable<ContractSubject["transaction"]> {
  assert.ok(transaction, "the subject of a provider with transactions has a transaction");
  return transaction;
}
