import assert from "node:assert/strict";
import type { Lease } from "../../../contract/queue-operator.ts";
import { needs, type ContractCase } from "../contract.ts";
import { eventually } from "../eventually.ts";
import { ScratchQueue } from "../scratch-queue.ts";

const ordered = { ordered: true };
const bodyOf = ({ event }: Lease): string => event.getBody<string>();

async function pushKeyed(queue: ScratchQueue, ...bodies: readonly string[]): Promise<void> {
  // The first letter is the key: a1 and a2 have the same.
  for (const body of bodies) await queue.push(body, { partitionKey: body.slice(0, 1) });
}

/** Order: events of one key wait for each other, those of other keys do not. */
const cases: readonly ContractCase[] = [
  {
    name: "one event of each key is leased, the oldest",
    async run(subject) {
      const queue = await ScratchQueue.make(subject, ordered);
      await pushKeyed(queue, "a1", "a2", "b1", "a3", "b2");
      const leases = await queue.take(2);
      assert.deepEqual(leases.map(bodyOf).sort(), ["a1", "b1"]);
      await queue.assertSilent();
    },
  },
  {
    name: "events of one key come in order",
    async run(subject) {
      const [queue] = await ScratchQueue.pair(subject, ordered);
      const bodies = Array.from({ length: 12 }, (_, n) => `a${n}`);
      await pushKeyed(queue, ...bodies);
      const seen = [];
      while (seen.length < bodies.length) {
        const lease = await queue.takeOne();
        seen.push(bodyOf(lease));
        await queue.commit(lease);
      }
      assert.deepEqual(seen, bodies);
    },
  },
  {
    name: "a requeued event goes to the end of its key",
    async run(subject) {
      const queue = await ScratchQueue.make(subject, ordered);
      await pushKeyed(queue, "a1");
      await queue.deadLetter(await queue.takeOne());
      const [letter] = await queue.deadLetters(1);
      await pushKeyed(queue, "a2", "a3");
      await subject.provider.queues.requeue(queue.name, letter?.id ?? "");
      const seen = [];
      while (seen.length < 3) {
        const lease = await queue.takeOne();
        seen.push(bodyOf(lease));
        await queue.commit(lease);
      }
      assert.deepEqual(seen, ["a2", "a3", "a1"]);
    },
  },
  {
    name: "one id from two sources is two events of an order",
    async run(subject) {
      const queue = await ScratchQueue.make(subject, ordered);
      for (const source of ["/a", "/b"])
        await queue.push(source, { id: "1", partitionKey: "k", properties: { source } });
      const seen = [];
      while (seen.length < 2) {
        const lease = await queue.takeOne();
        seen.push(bodyOf(lease));
        await queue.commit(lease);
      }
      assert.deepEqual(seen, ["/a", "/b"]);
    },
  },
  {
    name: "a delayed event holds back its own key only",
    async run(subject) {
      const queue = await ScratchQueue.make(subject, ordered);
      await pushKeyed(queue, "a1");
      await queue.abandon(await queue.takeOne(), { delayMs: Math.max(1_500, subject.leaseMs) });
      await pushKeyed(queue, "a2", "b1", "b2");
      const seen: string[] = [];
      await eventually("all but the failing key are done, then that one in order", async () => {
        for (const lease of await queue.lease(10, 500)) {
          seen.push(`${bodyOf(lease)}#${lease.attempt}`);
          await queue.commit(lease);
        }
        return seen.length >= 4;
      });
      assert.deepEqual(seen, ["b1#1", "b2#1", "a1#2", "a2#1"]);
    },
  },
  {
    name: "an event whose lease ended stays first of its key",
    async run(subject) {
      const queue = await ScratchQueue.make(subject, { ...ordered, leaseMs: subject.leaseMs });
      await pushKeyed(queue, "a1", "a2");
      await queue.takeOne();
      const again = await queue.takeOne();
      assert.deepEqual([bodyOf(again), again.attempt], ["a1", 2]);
      await queue.commit(again);
      assert.equal(bodyOf(await queue.takeOne()), "a2");
    },
  },
  {
    name: "an empty partition key orders nothing",
    async run(subject) {
      const queue = await ScratchQueue.make(subject, ordered);
      for (const body of ["1", "2", "3"]) await queue.push(body, { partitionKey: "" });
      const leases = await queue.take(3);
      assert.deepEqual(leases.map(bodyOf).sort(), ["1", "2", "3"]);
      assert.deepEqual(new Set(leases.map(({ event }) => event.partitionKey)), new Set([undefined]));
    },
  },
  {
    name: "a dead-lettered event releases its key",
    async run(subject) {
      const queue = await ScratchQueue.make(subject, ordered);
      await pushKeyed(queue, "a1", "a2");
      await queue.deadLetter(await queue.takeOne());
      assert.equal(bodyOf(await queue.takeOne()), "a2");
    },
  },
  {
    name: "holders names the events that hold back others",
    async run(subject) {
      const { queues } = subject.provider;
      // Only where the provider can tell cheaply.
      if (!queues.holders) return;
      const queue = await ScratchQueue.make(subject, ordered);
      await pushKeyed(queue, "a1", "a2", "a3", "b1");
      await queue.push("no key");
      const [a1] = (await queue.take(3)).filter((lease) => bodyOf(lease) === "a1");
      assert.ok(a1);
      const held = { eventId: a1.event.id, partitionKey: "a", behind: 2, attempts: 1 };
      assert.deepEqual(await queues.holders(queue.name), [{ ...held, state: "leased" }]);
      await queue.abandon(a1, { delayMs: 60_000 });
      assert.deepEqual(await queues.holders(queue.name), [{ ...held, state: "delayed" }]);
      await pushKeyed(queue, "c1", "c2");
      assert.deepEqual(await queues.holders(queue.name), [{ ...held, state: "delayed" }], "c1 was never tried");
      const [c1] = (await queue.lease(5, 500)).filter((lease) => bodyOf(lease) === "c1");
      assert.ok(c1);
      await queue.abandon(c1);
      assert.deepEqual((await queues.holders(queue.name)).slice(1), [
        { eventId: c1.event.id, partitionKey: "c", behind: 1, attempts: 1, state: "ready" },
      ]);
    },
  },
  {
    name: "events without a key do not wait for another",
    async run(subject) {
      const queue = await ScratchQueue.make(subject, ordered);
      for (const body of ["1", "2", "3"]) await queue.push(body);
      assert.deepEqual((await queue.take(3)).map(bodyOf).sort(), ["1", "2", "3"]);
    },
  },
  {
    name: "an unordered queue leases events of one key together",
    async run(subject) {
      const queue = await ScratchQueue.make(subject);
      await pushKeyed(queue, "a1", "a2", "a3");
      assert.equal((await queue.take(3)).length, 3);
    },
  },
];

export const ordering: readonly ContractCase[] = cases.map((one) => needs("ordering", one));
