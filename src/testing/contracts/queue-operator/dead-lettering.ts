import assert from "node:assert/strict";
import type { DeadLetter } from "../../../contract/dead-letter.ts";
import { assertArrived, rejectsWith } from "../assertions.ts";
import type { ContractCase, ContractSubject } from "../contract.ts";
import { letterFor, ScratchQueue } from "../scratch-queue.ts";

/** Returns two letters of events of two sources under the id "evt_1", oldest first. */
async function twoOfOneId(
  subject: ContractSubject,
): Promise<{ readonly queue: ScratchQueue; readonly letters: readonly [DeadLetter, DeadLetter] }> {
  const queue = await ScratchQueue.make(subject);
  for (const source of ["/a", "/b"]) {
    await queue.push(source, { id: "evt_1", properties: { source } });
    await queue.deadLetter(await queue.takeOne());
  }
  return { queue, letters: (await queue.deadLetters(2)) as [DeadLetter, DeadLetter] };
}

/** Dead letters: listed, requeued, dropped. */
export const deadLettering: readonly ContractCase[] = [
  {
    name: "a letter keeps the event and its record whole",
    async run(subject) {
      const queue = await ScratchQueue.make(subject);
      const pushed = await queue.push(
        { order: "17 🐝" },
        { properties: { n: 1, yes: true }, correlationId: "c", partitionKey: "p" },
      );
      const lease = await queue.takeOne();
      const letter = letterFor(lease, {
        attempts: 7,
        reason: "r".repeat(1_024),
        stack: `Error: ä\n${"s".repeat(4_000)}`,
      });
      await subject.provider.queues.deadLetter(lease, letter);
      const [kept] = (await queue.deadLetters(1)) as [DeadLetter];
      assertArrived(kept.event, pushed, String(queue.name));
      assert.match(kept.id, /./);
      assert.deepEqual({ ...kept, event: 0 }, { ...letter, event: 0, id: kept.id });
      await queue.assertSilent();
      await queue.assertCounts({ waiting: 0, dead: 1 });
    },
  },
  {
    name: "a record may have no stack",
    async run(subject) {
      const queue = await ScratchQueue.make(subject);
      await queue.push(Uint8Array.of(0, 255));
      await queue.deadLetter(await queue.takeOne(), { stack: undefined });
      const [kept] = await queue.deadLetters(1);
      assert.equal(kept?.stack, undefined);
      assert.equal(Buffer.from(kept?.event.body ?? "").toString("hex"), "00ff");
    },
  },
  {
    name: "letters come oldest first, and stay",
    async run(subject) {
      const queue = await ScratchQueue.make(subject);
      for (const body of ["first", "second", "third"]) {
        await queue.push(body);
        await queue.deadLetter(await queue.takeOne());
      }
      for (let times = 0; times < 2; times++) {
        const letters = await queue.deadLetters(3);
        assert.deepEqual(
          letters.map(({ event }) => event.getBody()),
          ["first", "second", "third"],
        );
      }
    },
  },
  {
    name: "more letters than one page holds are all listed",
    async run(subject) {
      const queue = await ScratchQueue.make(subject);
      await subject.provider.queues.push(Array.from({ length: 35 }, (_, n) => queue.event(n)));
      for (const lease of await queue.take(35)) await queue.deadLetter(lease);
      const letters = await queue.deadLetters(35);
      assert.equal(new Set(letters.map(({ event }) => event.id)).size, 35);
    },
  },
  {
    name: "a requeued event returns to its subscription, attempts anew",
    async run(subject) {
      const [first, second] = await ScratchQueue.pair(subject);
      const pushed = await first.push("second chance");
      await second.commit(await second.takeOne());
      await first.abandon(await first.takeOne());
      await first.deadLetter(await first.takeOne());
      await first.deadLetters(1);
      await subject.provider.queues.requeue(first.name, pushed.id);
      const lease = await first.takeOne();
      assertArrived(lease.event, pushed, String(first.name));
      assert.equal(lease.attempt, 1);
      await first.commit(lease);
      await second.assertSilent();
      await first.assertCounts({ waiting: 0, dead: 0 });
    },
  },
  {
    name: "a requeued event that fails again is one letter",
    async run(subject) {
      const queue = await ScratchQueue.make(subject);
      const { id } = await queue.push("hopeless");
      for (let times = 1; times <= 2; times++) {
        await queue.deadLetter(await queue.takeOne(), { reason: `time ${times}` });
        const [letter] = await queue.deadLetters(1);
        assert.equal(letter?.reason, `time ${times}`);
        if (times === 1) await subject.provider.queues.requeue(queue.name, id);
      }
    },
  },
  {
    name: "one of several letters is requeued alone",
    async run(subject) {
      const queue = await ScratchQueue.make(subject);
      const events = [];
      for (const body of ["a", "b", "c"]) {
        events.push(await queue.push(body));
        await queue.deadLetter(await queue.takeOne());
      }
      await queue.deadLetters(3);
      await subject.provider.queues.requeue(queue.name, events[1]?.id ?? "");
      assert.equal((await queue.takeOne()).event.getBody(), "b");
      assert.deepEqual(
        (await queue.deadLetters(2)).map(({ event }) => event.getBody()),
        ["a", "c"],
      );
    },
  },
  {
    name: "a dropped letter is gone",
    async run(subject) {
      const queue = await ScratchQueue.make(subject);
      const { id } = await queue.push("dropped");
      await queue.deadLetter(await queue.takeOne());
      await queue.deadLetters(1);
      await subject.provider.queues.drop(queue.name, id);
      await queue.assertCounts({ waiting: 0, dead: 0 });
      assert.deepEqual(await queue.deadLetters(0), []);
      await queue.assertSilent();
    },
  },
  {
    name: "a letter's own id requeues it alone",
    async run(subject) {
      const { queue, letters } = await twoOfOneId(subject);
      const [older, newer] = letters;
      await subject.provider.queues.requeue(queue.name, newer.id);
      const lease = await queue.takeOne();
      assert.equal(lease.event.getBody(), newer.event.getBody());
      assert.equal(lease.event.id, "evt_1");
      await queue.commit(lease);
      const [left] = await queue.deadLetters(1);
      assert.deepEqual([left?.id, left?.event.getBody()], [older.id, older.event.getBody()]);
      await subject.provider.queues.drop(queue.name, older.id);
      assert.deepEqual(await queue.deadLetters(0), []);
    },
  },
  {
    name: "an event id requeues or drops one of its letters",
    async run(subject) {
      const { queue } = await twoOfOneId(subject);
      await subject.provider.queues.requeue(queue.name, "evt_1");
      await queue.commit(await queue.takeOne());
      await queue.assertSilent();
      await queue.deadLetters(1);
      await subject.provider.queues.drop(queue.name, "evt_1");
      assert.deepEqual(await queue.deadLetters(0), []);
    },
  },
  {
    name: "each dead letter of an event has an id of its own",
    async run(subject) {
      const queue = await ScratchQueue.make(subject);
      await queue.push("hopeless");
      await queue.deadLetter(await queue.takeOne());
      const [first] = (await queue.deadLetters(1)) as [DeadLetter];
      await subject.provider.queues.requeue(queue.name, first.id);
      await queue.deadLetter(await queue.takeOne());
      const [second] = (await queue.deadLetters(1)) as [DeadLetter];
      assert.notEqual(second.id, first.id);
      await rejectsWith("NotFound", () => subject.provider.queues.requeue(queue.name, first.id));
    },
  },
  {
    name: "an unknown letter is NotFound",
    async run(subject) {
      const queue = await ScratchQueue.make(subject);
      const { queues } = subject.provider;
      const { id } = await queue.push("alive");
      await rejectsWith("NotFound", () => queues.requeue(queue.name, id));
      await rejectsWith("NotFound", () => queues.drop(queue.name, id));
      await rejectsWith("NotFound", () => queues.drop(queue.name, "no such id"));
      assert.equal((await queue.takeOne()).attempt, 1);
    },
  },
];
