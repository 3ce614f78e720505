import assert from "node:assert/strict";
import type { DeadLetter } from "../../../contract/dead-letter.ts";
import { assertArrived, rejectsWith } from "../assertions.ts";
import type { ContractCase, ContractSubject } from "../contract.ts";
import { letterFor, ScratchQueue } from "../scratch-queue.ts";

/** Two dead letters of events of two sources under the id "evt_1", oldest first. */
async function twoOfOneId(
  subject: ContractSubject,
): Promise<{ readonly queue: ScratchQueue; readonly letters: readonly [DeadLetter, DeadLetter] }> {
  const queue = await ScratchQueue.make(subject);
  for (const source of ["/a", "/b"]) {
    await queue.push(source, { id: "evt_1", properties: { source } });
    await queue.bury(await queue.takeOne());
  }
  return { queue, letters: (await queue.deadLetters(2)) as [DeadLetter, DeadLetter] };
}

/** What was given up: kept whole, sent back, dropped. */
export const deadLettering: readonly ContractCase[] = [
  {
    name: "given a lease, when it is dead-lettered, then the event and the record of why are kept whole",
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
    name: "given a record without a stack, when an event is dead-lettered, then there is none in the record",
    async run(subject) {
      const queue = await ScratchQueue.make(subject);
      await queue.push(Uint8Array.of(0, 255));
      await queue.bury(await queue.takeOne(), { stack: undefined });
      const [kept] = await queue.deadLetters(1);
      assert.equal(kept?.stack, undefined);
      assert.equal(Buffer.from(kept?.event.body ?? "").toString("hex"), "00ff");
    },
  },
  {
    name: "given several dead letters, when they are listed, then the oldest is first and listing changes nothing",
    async run(subject) {
      const queue = await ScratchQueue.make(subject);
      for (const body of ["first", "second", "third"]) {
        await queue.push(body);
        await queue.bury(await queue.takeOne());
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
    name: "given more dead letters than fit a page, when they are listed, then all are there",
    async run(subject) {
      const queue = await ScratchQueue.make(subject);
      await subject.provider.queues.push(Array.from({ length: 35 }, (_, n) => queue.event(n)));
      for (const lease of await queue.take(35)) await queue.bury(lease);
      const letters = await queue.deadLetters(35);
      assert.equal(new Set(letters.map(({ event }) => event.id)).size, 35);
    },
  },
  {
    name: "given a dead letter of one subscription, when it is requeued, then it comes to that subscription alone, as a first attempt",
    async run(subject) {
      const [first, second] = await ScratchQueue.pair(subject);
      const pushed = await first.push("second chance");
      await second.commit(await second.takeOne());
      await first.abandon(await first.takeOne());
      await first.bury(await first.takeOne());
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
    name: "given an event that was requeued, when it fails again, then it is dead-lettered again, once",
    async run(subject) {
      const queue = await ScratchQueue.make(subject);
      const { id } = await queue.push("hopeless");
      for (let times = 1; times <= 2; times++) {
        await queue.bury(await queue.takeOne(), { reason: `time ${times}` });
        const [letter] = await queue.deadLetters(1);
        assert.equal(letter?.reason, `time ${times}`);
        if (times === 1) await subject.provider.queues.requeue(queue.name, id);
      }
    },
  },
  {
    name: "given several dead letters, when one in the middle is requeued, then it alone comes back",
    async run(subject) {
      const queue = await ScratchQueue.make(subject);
      const events = [];
      for (const body of ["a", "b", "c"]) {
        events.push(await queue.push(body));
        await queue.bury(await queue.takeOne());
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
    name: "given a dead letter, when it is dropped, then it is gone for good",
    async run(subject) {
      const queue = await ScratchQueue.make(subject);
      const { id } = await queue.push("dropped");
      await queue.bury(await queue.takeOne());
      await queue.deadLetters(1);
      await subject.provider.queues.drop(queue.name, id);
      await queue.assertCounts({ waiting: 0, dead: 0 });
      assert.deepEqual(await queue.deadLetters(0), []);
      await queue.assertSilent();
    },
  },
  {
    name: "given two dead letters of one event id, when one is sent back by its own id, then the other stays",
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
    name: "given two dead letters of one event id, when that id is sent back or dropped, then one is",
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
    name: "given an event that dies again, when its letter is listed, then it has another id",
    async run(subject) {
      const queue = await ScratchQueue.make(subject);
      await queue.push("hopeless");
      await queue.bury(await queue.takeOne());
      const [first] = (await queue.deadLetters(1)) as [DeadLetter];
      await subject.provider.queues.requeue(queue.name, first.id);
      await queue.bury(await queue.takeOne());
      const [second] = (await queue.deadLetters(1)) as [DeadLetter];
      assert.notEqual(second.id, first.id);
      await rejectsWith("NotFound", () => subject.provider.queues.requeue(queue.name, first.id));
    },
  },
  {
    name: "given no dead letter of that id, when it is requeued or dropped, then NotFound",
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
