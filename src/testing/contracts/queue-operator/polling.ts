import assert from "node:assert/strict";
import { QueueName } from "../../../events/queue-name.ts";
import { rejectsWith } from "../assertions.ts";
import type { ContractCase } from "../contract.ts";
import { wait, within } from "../eventually.ts";
import { ScratchQueue } from "../scratch-queue.ts";

/** A long wait, against `soonMs`, which is enough for every call that does not wait. */
const longMs = 18_000;
const soonMs = 9_000;

/** Polls: waits, aborts, limits. */
export const polling: readonly ContractCase[] = [
  {
    name: "a push wakes a waiting poll",
    async run(subject) {
      const queue = await ScratchQueue.make(subject);
      const poll = queue.lease(1, longMs);
      await wait(200);
      await queue.push("awaited");
      const [lease] = await within(soonMs, "the poll wakes", poll);
      assert.equal(lease?.event.getBody(), "awaited");
    },
  },
  {
    name: "a poll returns empty after its wait",
    async run(subject) {
      const queue = await ScratchQueue.make(subject);
      assert.deepEqual(await within(soonMs, "the poll ends", queue.lease(1, 300)), []);
    },
  },
  {
    name: "a poll without a wait returns at once",
    async run(subject) {
      const queue = await ScratchQueue.make(subject);
      assert.deepEqual(await within(soonMs, "the poll ends", queue.lease(1, 0)), []);
    },
  },
  {
    name: "an aborted poll ends soon and leaves no event leased",
    async run(subject) {
      const queue = await ScratchQueue.make(subject);
      const stop = new AbortController();
      const poll = queue.lease(1, longMs, stop.signal);
      await wait(200);
      stop.abort();
      assert.deepEqual(await within(soonMs, "the aborted poll ends", poll), []);
      await queue.push("not stranded");
      const [lease] = await within(soonMs, "another poll gets the event", queue.take(1));
      assert.deepEqual([lease?.event.getBody(), lease?.attempt], ["not stranded", 1]);
    },
  },
  {
    name: "an aborted signal leases nothing",
    async run(subject) {
      const queue = await ScratchQueue.make(subject);
      await queue.push("stays");
      assert.deepEqual(await queue.lease(1, longMs, AbortSignal.abort()), []);
      assert.equal((await queue.takeOne()).attempt, 1);
    },
  },
  {
    name: "an abort at the moment of a push loses no event",
    async run(subject) {
      const queue = await ScratchQueue.make(subject);
      const [stop, stopOther] = [new AbortController(), new AbortController()];
      const polls = [queue.lease(1, longMs, stop.signal), queue.lease(1, longMs, stopOther.signal)];
      await wait(200);
      const pushed = queue.push("for one of them");
      stop.abort();
      await pushed;
      const [aborted = [], other = []] = await within(
        soonMs,
        "both polls end",
        Promise.all(
          polls.map(async (poll) => {
            const leases = await poll;
            // Either poll may have the event; the other has nothing to wait for.
            if (leases.length > 0) stopOther.abort();
            return leases;
          }),
        ),
      );
      assert.deepEqual(
        [...aborted, ...other].map(({ event }) => event.getBody()),
        ["for one of them"],
      );
    },
  },
  {
    name: "a poll leases at most max events",
    async run(subject) {
      const queue = await ScratchQueue.make(subject);
      await subject.provider.queues.push(Array.from({ length: 5 }, (_, n) => queue.event(n)));
      await queue.take(1);
      const leases = await queue.lease(2, 2_000);
      assert.ok(leases.length >= 1 && leases.length <= 2, `${leases.length} were leased where 2 were asked for`);
    },
  },
  {
    name: "more events than one request carries all arrive",
    async run(subject) {
      const queue = await ScratchQueue.make(subject);
      await subject.provider.queues.push(Array.from({ length: 25 }, (_, n) => queue.event(n)));
      const leases = await queue.take(25);
      assert.equal(new Set(leases.map(({ event }) => event.id)).size, 25);
    },
  },
  {
    name: "a poll of a missing queue is QueueNotFound",
    async run({ provider: { queues }, newName }) {
      const request = { max: 1, leaseMs: 60_000, waitMs: 100, signal: new AbortController().signal };
      await rejectsWith("QueueNotFound", () => queues.lease(QueueName.queue(newName()), request));
      await rejectsWith("QueueNotFound", () => queues.lease(QueueName.parse(`${newName()}-Reader`), request));
    },
  },
];
