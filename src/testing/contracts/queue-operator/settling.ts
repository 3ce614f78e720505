import assert from "node:assert/strict";
import { Event } from "../../../events/event.ts";
import type { Lease } from "../../../contract/queue-operator.ts";
import { assertArrived, rejectsWith } from "../assertions.ts";
import type { ContractCase, ContractSubject } from "../contract.ts";
import { wait } from "../eventually.ts";
import { ScratchQueue } from "../scratch-queue.ts";
import { assertSameTime } from "./leasing.ts";

const settlements: readonly {
  readonly what: string;
  readonly settle: (queue: ScratchQueue, lease: Lease) => Promise<void>;
}[] = [
  { what: "committed", settle: (queue, lease) => queue.commit(lease) },
  { what: "abandoned", settle: (queue, lease) => queue.abandon(lease) },
  { what: "abandoned with a delay", settle: (queue, lease) => queue.abandon(lease, { delayMs: 60_000 }) },
  { what: "abandoned uncounted", settle: (queue, lease) => queue.abandon(lease, { countAttempt: false }) },
  { what: "dead-lettered", settle: (queue, lease) => queue.deadLetter(lease) },
];

/** Commit, abandon, and settlements that come too late. */
export const settling: readonly ContractCase[] = [
  {
    name: "a commit removes the event",
    async run(subject) {
      const queue = await ScratchQueue.make(subject, { leaseMs: subject.leaseMs });
      await queue.push("done");
      await queue.commit(await queue.takeOne());
      await queue.assertCounts({ waiting: 0, dead: 0 });
      await wait(subject.leaseMs);
      await queue.assertSilent();
    },
  },
  {
    name: "a commit publishes the outputs",
    async run(subject) {
      const queue = await ScratchQueue.make(subject);
      const [first, second] = await ScratchQueue.pair(subject);
      await queue.push("input");
      const outputs = [first.event("output", { properties: { n: 1 } }), queue.event("again")];
      await queue.commit(await queue.takeOne(), outputs);
      for (const one of [first, second]) {
        const lease = await one.takeOne();
        assertArrived(lease.event, outputs[0] as Event, String(one.name));
        assert.equal(lease.attempt, 1);
      }
      assert.equal((await queue.takeOne()).event.getBody(), "again");
    },
  },
  {
    name: "a commit to a missing queue is QueueNotFound and keeps the lease",
    async run(subject) {
      const queue = await ScratchQueue.make(subject);
      await queue.push("input");
      const lease = await queue.takeOne();
      await rejectsWith("QueueNotFound", () => queue.commit(lease, [new Event(subject.newName(), "lost")]));
      await queue.commit(lease);
      await queue.assertCounts({ waiting: 0, dead: 0 });
    },
  },
  {
    name: "an abandoned event returns at once as the next attempt",
    async run(subject) {
      const queue = await ScratchQueue.make(subject);
      const pushed = await queue.push("again");
      const first = await queue.takeOne();
      await queue.abandon(first);
      const second = await queue.takeOne();
      assertArrived(second.event, pushed, String(queue.name));
      assert.equal(second.attempt, 2);
      assertSameTime(second.firstSeen, first.firstSeen);
      await queue.abandon(second);
      assert.equal((await queue.takeOne()).attempt, 3);
    },
  },
  {
    name: "a delayed event lets others pass and keeps its attempts",
    async run(subject) {
      const queue = await ScratchQueue.make(subject);
      const delayed = await queue.push("delayed");
      const first = await queue.takeOne();
      const delayMs = Math.max(1_500, subject.leaseMs);
      const abandonedAt = Date.now();
      await queue.abandon(first, { delayMs });
      await queue.push("not delayed");
      const other = await queue.takeOne();
      assert.equal(other.event.getBody(), "not delayed");
      await queue.commit(other);
      await queue.assertCounts({ waiting: 1, dead: 0 });
      const second = await queue.takeOne();
      assert.ok(Date.now() >= abandonedAt + delayMs - 500, "it came back too early");
      assertArrived(second.event, delayed, String(queue.name));
      assert.equal(second.attempt, 2);
      assertSameTime(second.firstSeen, first.firstSeen);
      await queue.abandon(second, { delayMs: 1 });
      assert.equal((await queue.takeOne()).attempt, 3);
      await queue.assertSilent();
    },
  },
  {
    name: "an uncounted abandon repeats the same attempt",
    async run(subject) {
      const queue = await ScratchQueue.make(subject);
      await queue.push("abandoned");
      const first = await queue.takeOne();
      await queue.abandon(first, { countAttempt: false });
      const same = await queue.takeOne();
      assert.equal(same.attempt, 1);
      assertSameTime(same.firstSeen, first.firstSeen);
      await queue.abandon(same);
      const second = await queue.takeOne();
      assert.equal(second.attempt, 2);
      await queue.abandon(second, { countAttempt: false, delayMs: 1 });
      assert.equal((await queue.takeOne()).attempt, 2);
    },
  },
  ...settlements.map(staleSettlement),
  ...settlements.map(secondSettlement),
  {
    name: "a late commit is LeaseLost and publishes nothing",
    async run(subject) {
      const queue = await ScratchQueue.make(subject, { leaseMs: subject.leaseMs });
      const next = await ScratchQueue.make(subject);
      await queue.push("input");
      const lease = await ended(subject, await queue.takeOne());
      await rejectsWith("LeaseLost", () => queue.commit(lease, [next.event("never")]));
      await next.assertSilent();
    },
  },
];

/** A late settlement is always refused, even if the broker would still accept it. */
function staleSettlement({ what, settle }: (typeof settlements)[number]): ContractCase {
  return {
    name: `an ended lease that is ${what} is LeaseLost; the event returns`,
    async run(subject) {
      const queue = await ScratchQueue.make(subject, { leaseMs: subject.leaseMs });
      await queue.push("slow");
      const stale = await ended(subject, await queue.takeOne());
      await rejectsWith("LeaseLost", () => settle(queue, stale));
      const current = await queue.takeOne();
      assert.equal(current.attempt, 2);
      await rejectsWith("LeaseLost", () => settle(queue, stale));
      await queue.commit(current);
      await queue.assertCounts({ waiting: 0, dead: 0 });
    },
  };
}

function secondSettlement({ what, settle }: (typeof settlements)[number]): ContractCase {
  return {
    name: `a settled lease that is ${what} is LeaseLost`,
    async run(subject) {
      const queue = await ScratchQueue.make(subject);
      await queue.push("settled");
      const lease = await queue.takeOne();
      await queue.abandon(lease);
      await rejectsWith("LeaseLost", () => settle(queue, lease));
      const next = await queue.takeOne();
      assert.equal(next.attempt, 2);
      await queue.commit(next);
      await rejectsWith("LeaseLost", () => settle(queue, next));
      await queue.assertCounts({ waiting: 0, dead: 0 });
    },
  };
}

async function ended({ clock }: ContractSubject, lease: Lease): Promise<Lease> {
  await wait(Math.max(0, lease.expiresAt - clock.now()) + 50);
  return lease;
}
