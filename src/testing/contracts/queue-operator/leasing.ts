import assert from "node:assert/strict";
import type { Lease } from "../../../contract/queue-operator.ts";
import type { ContractCase } from "../contract.ts";
import { wait } from "../eventually.ts";
import { ScratchQueue } from "../scratch-queue.ts";

/** Leases: their fields, their end, their renewal. */
export const leasing: readonly ContractCase[] = [
  {
    name: "a lease names queue, attempt, first delivery and end",
    async run(subject) {
      const queue = await ScratchQueue.make(subject, { leaseMs: subject.leaseMs });
      const before = Date.now();
      await queue.push("once");
      const lease = await queue.takeOne();
      const now = Date.now();
      assert.equal(String(lease.queueName), String(queue.name));
      assert.equal(lease.attempt, 1);
      assert.ok(lease.firstSeen >= before - 1_000 && lease.firstSeen <= now + 1_000, "first seen is now");
      assert.ok(
        lease.expiresAt > now - 1_000 && lease.expiresAt <= now + subject.leaseMs + 1_000,
        "it ends in a lease's time",
      );
    },
  },
  {
    name: "a leased event is hidden from other polls",
    async run(subject) {
      const queue = await ScratchQueue.make(subject);
      await queue.push("held");
      await queue.takeOne();
      await queue.assertSilent();
    },
  },
  {
    name: "concurrent polls never lease one event twice",
    async run(subject) {
      const queue = await ScratchQueue.make(subject);
      await subject.provider.queues.push(Array.from({ length: 40 }, (_, n) => queue.event(n)));
      const leases: Lease[] = [];
      await Promise.all(
        Array.from({ length: 8 }, async () => {
          while (leases.length < 40) {
            const some = await queue.lease(3, 200);
            leases.push(...some);
            await Promise.all(some.map((lease) => queue.commit(lease)));
          }
        }),
      );
      assert.equal(leases.length, 40);
      assert.equal(new Set(leases.map(({ event }) => event.id)).size, 40);
    },
  },
  {
    name: "an ended lease returns the event as the next attempt",
    async run(subject) {
      const queue = await ScratchQueue.make(subject, { leaseMs: subject.leaseMs });
      const { id } = await queue.push("crashed on");
      const first = await queue.takeOne();
      const second = await queue.takeOne();
      assert.deepEqual([second.event.id, second.attempt], [id, 2]);
      assertSameTime(second.firstSeen, first.firstSeen);
    },
  },
  {
    name: "a renewed lease outlives its first end",
    async run(subject) {
      const { leaseMs, provider } = subject;
      const queue = await ScratchQueue.make(subject, { leaseMs });
      await queue.push("slow work");
      const lease = await queue.takeOne();
      const firstEnd = lease.expiresAt;
      await wait(leaseMs / 2);
      assert.deepEqual(await provider.queues.renew([lease], leaseMs), [true]);
      assert.ok(lease.expiresAt >= firstEnd + leaseMs / 4, "the lease shows its new end");
      await wait(Math.max(0, firstEnd - Date.now() + leaseMs / 20));
      assert.deepEqual(await queue.lease(1, 0), [], "it did not come back at its first end");
      await queue.commit(lease);
      await queue.assertCounts({ waiting: 0, dead: 0 });
    },
  },
  {
    name: "renew reports each lease, in order",
    async run(subject) {
      const queue = await ScratchQueue.make(subject);
      await subject.provider.queues.push(["a", "b", "c", "d"].map((body) => queue.event(body)));
      const [a, b, c, d] = (await queue.take(4)) as [Lease, Lease, Lease, Lease];
      await queue.commit(a);
      await queue.abandon(c, { delayMs: 60_000 });
      assert.deepEqual(await subject.provider.queues.renew([a, b, c, d], 60_000), [false, true, false, true]);
    },
  },
  {
    name: "many leases renew in one call",
    async run(subject) {
      const queue = await ScratchQueue.make(subject);
      await subject.provider.queues.push(Array.from({ length: 23 }, (_, n) => queue.event(n)));
      const leases = await queue.take(23);
      assert.deepEqual(
        await subject.provider.queues.renew(leases, 60_000),
        leases.map(() => true),
      );
    },
  },
  {
    name: "renew of no leases returns an empty list",
    async run({ provider }) {
      assert.deepEqual(await provider.queues.renew([], 60_000), []);
    },
  },
  {
    name: "an ended lease cannot be renewed",
    async run(subject) {
      const queue = await ScratchQueue.make(subject, { leaseMs: subject.leaseMs });
      await queue.push("lost");
      const lease = await queue.takeOne();
      await wait(Math.max(0, lease.expiresAt - Date.now()) + 50);
      assert.deepEqual(await subject.provider.queues.renew([lease], subject.leaseMs), [false]);
      assert.equal((await queue.takeOne()).attempt, 2);
      assert.deepEqual(await subject.provider.queues.renew([lease], subject.leaseMs), [false]);
    },
  },
];

/** Allows for brokers that keep the first delivery by a clock of their own. */
export function assertSameTime(actual: number, expected: number): void {
  assert.ok(
    Math.abs(actual - expected) <= 500,
    `${new Date(actual).toISOString()} is not ${new Date(expected).toISOString()}`,
  );
}
