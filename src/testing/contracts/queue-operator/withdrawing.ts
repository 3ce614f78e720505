import assert from "node:assert/strict";
import type { Lease } from "../../../contract/queue-operator.ts";
import { listOf, rejectsWith } from "../assertions.ts";
import { needs, type ContractCase, type ContractSubject } from "../contract.ts";
import { eventually } from "../eventually.ts";
import { ScratchQueue } from "../scratch-queue.ts";

const later = (): Date => new Date(Date.now() + 600_000);

async function cancel({ provider }: ContractSubject, key: string): Promise<number> {
  const cancelled = await provider.queues.cancel?.({ key });
  assert.ok(cancelled !== undefined, "a provider that can cancel has the method");
  return cancelled;
}

/** Cancelled events: whoever comes first, the cancel or the lease, has the event. */
const cancelling: readonly ContractCase[] = [
  {
    name: "a cancel takes all waiting events of its key",
    async run(subject) {
      const queue = await ScratchQueue.make(subject);
      const key = `hold-${subject.newName()}`;
      for (const enqueueTime of [undefined, later(), later()]) await queue.push(1, { cancelKey: key, enqueueTime });
      await queue.push("other", { cancelKey: `${key}0` });
      await queue.push("plain");
      assert.equal(await cancel(subject, key), 3);
      const bodies = (await queue.take(2)).map(({ event }) => event.getBody<string>());
      assert.deepEqual(bodies.sort(), ["other", "plain"]);
      await queue.assertSilent();
      assert.equal(await cancel(subject, key), 0);
    },
  },
  {
    name: "a cancel by id takes that event alone",
    async run(subject) {
      const queue = await ScratchQueue.make(subject);
      const cancelKey = subject.newName();
      const gone = await queue.push("gone", { cancelKey });
      await queue.push("stays", { cancelKey });
      assert.equal(await subject.provider.queues.cancel?.({ id: gone.id }), 1);
      assert.equal((await queue.takeOne()).event.getBody(), "stays");
      await queue.assertSilent();
    },
  },
  {
    name: "a leased event is not cancelled",
    async run(subject) {
      const queue = await ScratchQueue.make(subject);
      const cancelKey = subject.newName();
      await queue.push("leased", { cancelKey });
      const lease = await queue.takeOne();
      assert.equal(await cancel(subject, cancelKey), 0);
      await queue.commit(lease);
      await queue.assertCounts({ waiting: 0, dead: 0 });
    },
  },
  {
    name: "a committed event leaves nothing to cancel",
    async run(subject) {
      const queue = await ScratchQueue.make(subject);
      const cancelKey = subject.newName();
      await queue.push("done", { cancelKey });
      await queue.commit(await queue.takeOne());
      assert.equal(await cancel(subject, cancelKey), 0);
    },
  },
  {
    name: "a cancel that races a lease ends in one of the two",
    async run(subject) {
      const queue = await ScratchQueue.make(subject);
      const keys = Array.from({ length: 10 }, () => subject.newName());
      for (const cancelKey of keys) await queue.push(cancelKey, { cancelKey });
      const leases: Lease[] = [];
      let cancelled = 0;
      const racing = keys.map(async (key) => {
        const count = await cancel(subject, key);
        cancelled += count;
      });
      const leasing = [1, 2, 3].map(async () => void leases.push(...(await queue.lease(10, 0))));
      await Promise.all([...racing, ...leasing]);
      await eventually(`10 events, ${cancelled} cancelled`, async () => {
        leases.push(...(await queue.lease(10, 500)));
        return cancelled + leases.length >= keys.length;
      });
      await queue.assertSilent();
      assert.equal(cancelled + leases.length, keys.length);
    },
  },
  {
    name: "a step cancels with its commit, and not what it publishes",
    async run(subject) {
      const queue = await ScratchQueue.make(subject);
      const other = await ScratchQueue.make(subject);
      const cancelKey = subject.newName();
      await other.push("old", { cancelKey, enqueueTime: later() });
      for (const commits of [false, true]) {
        await queue.push("input");
        const lease = await queue.takeOne();
        const step = subject.provider.beginStep(lease);
        step.cancel(cancelKey);
        if (commits) await step.commit([other.event("new", { cancelKey })]);
        else {
          step.discard();
          await queue.commit(lease);
          await other.assertCounts({ waiting: 1, dead: 0 });
        }
      }
      assert.equal((await other.takeOne()).event.getBody(), "new");
      await other.assertSilent();
    },
  },
  {
    name: "a cancelled event lets the next of its key pass",
    async run(subject) {
      const queue = await ScratchQueue.make(subject, { ordered: true });
      const cancelKey = subject.newName();
      for (const [body, key] of [["a"], ["b", cancelKey], ["c"]] as const)
        await queue.push(body, { partitionKey: "k", cancelKey: key });
      const first = await queue.takeOne();
      assert.equal(await cancel(subject, cancelKey), 1);
      await queue.commit(first);
      assert.equal((await queue.takeOne()).event.getBody(), "c");
    },
  },
];

const peeking: readonly ContractCase[] = [
  {
    name: "a peek shows events and leases none",
    async run(subject) {
      const queue = await ScratchQueue.make(subject);
      const { queues } = subject.provider;
      const pushed = [await queue.push("a", { properties: { n: 1 } }), await queue.push("b")];
      await queue.push("late", { enqueueTime: later() });
      const shown = await eventually("three events to peek at", async () => {
        const found = (await queues.peek?.(queue.name, { limit: 10 })) ?? [];
        return found.length === 3 && found;
      });
      assert.deepEqual(shown.map(({ event, state }) => `${event.getBody<string>()} ${state}`).toSorted(), [
        "a ready",
        "b ready",
        "late delayed",
      ]);
      assert.equal((await queues.peek?.(queue.name, { limit: 1 }))?.length, 1);
      const [one] = (await queues.peek?.(queue.name, { limit: 1, id: pushed[1]?.id })) ?? [];
      assert.equal(one?.event.getBody(), "b");
      const leases = await queue.take(2);
      assert.deepEqual(
        leases.map(({ attempt }) => attempt),
        [1, 1],
      );
    },
  },
  {
    name: "a peek at a missing queue is QueueNotFound",
    async run({ provider, newName }) {
      const { name } = await ScratchQueue.make({ provider, newName } as ContractSubject);
      await provider.queues.delete(name);
      await rejectsWith("QueueNotFound", async () => void (await provider.queues.peek?.(name, { limit: 1 })));
    },
  },
];

const purging: readonly ContractCase[] = [
  {
    name: "a purge removes what waits, and no dead letters",
    async run(subject) {
      const queue = await ScratchQueue.make(subject);
      await queue.push("dead");
      await queue.deadLetter(await queue.takeOne());
      for (const body of ["a", "b", "c"]) await queue.push(body);
      await queue.assertCounts({ waiting: 3, dead: 1 });
      const purged = await subject.provider.queues.purge?.(queue.name);
      assert.ok(purged === undefined || purged === 3, `3 events were purged, and not ${purged}`);
      await queue.assertCounts({ waiting: 0, dead: 1 });
      await queue.assertSilent();
      assert.equal((await listOf(subject.provider.queues.deadLetters(queue.name))).length, 1);
    },
  },
];

/** Cancel, peek and purge. */
export const withdrawing: readonly ContractCase[] = [
  ...cancelling.map((one) => needs("cancel", one)),
  ...peeking.map((one) => needs("peek", one)),
  ...purging.map((one) => needs("purge", one)),
];
