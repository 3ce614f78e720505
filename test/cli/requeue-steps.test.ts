/** Requeueing in steps, on a queue with scripted counts. */
import * as assert from "uvu/assert";
import { requeueInSteps, type StepsEnd } from "../../src/hive/letters/requeue-steps.ts";
import type { DeadLetter } from "../../src/contract/dead-letter.ts";
import { Event } from "../../src/events/event.ts";
import { QueueName } from "../../src/events/queue-name.ts";
import type { QueueCounts, QueueOperator } from "../../src/contract/queue-operator.ts";
import { ManualClock } from "../../src/testing/manual-clock.ts";
import { suite } from "../support/suite.ts";

const test = suite("requeue in steps");
const empty: QueueCounts = { ready: 0, leased: 0, delayed: 0, dead: 0 };

function scene(count: number) {
  const clock = new ManualClock(0);
  const abort = new AbortController();
  const queue = { counts: empty, dead: [] as string[], older: [] as string[], listed: 0 };
  /** The time when each letter was requeued. */
  const sent: number[] = [];
  const queues = {
    requeue: async () => void sent.push(clock.now()),
    counts: async () => queue.counts,
    async *deadLetters() {
      queue.listed++;
      for (const id of queue.dead) yield { id: `again-${id}`, event: new Event("Letter", 1, { id }) } as DeadLetter;
      for (const id of queue.older) yield { id: `letter-${id}`, event: new Event("Letter", 1, { id }) } as DeadLetter;
    },
  } as Partial<QueueOperator> as QueueOperator;
  let end: StepsEnd | undefined;
  const letters = Array.from({ length: count }, (_, n) => ({ id: `letter-${n}`, eventId: `${n}`, identity: `${n}` }));
  void requeueInSteps(
    { letters, known: new Set(letters.map(({ id }) => id)) },
    {
      queues,
      name: QueueName.parse("Letters"),
      clock,
      signal: abort.signal,
      waitMs: 10_000,
      onRequeued() {},
    },
  ).then((ended) => (end = ended));
  return { clock, abort, queue, sent, end: () => end };
}

test("steps are one, ten and the rest, each after two empty looks", async () => {
  const { clock, sent, end } = scene(30);
  await clock.advance(499);
  assert.equal(sent, [0]);
  await clock.advance(10_000);
  assert.equal(sent, [0, ...Array<number>(10).fill(500), ...Array<number>(19).fill(1_000)]);
  assert.equal(end(), { end: "done" });
});

for (const where of ["ready", "leased", "delayed"] as const)
  test(`an event that stays ${where} ends the steps in time`, async () => {
    const { clock, queue, sent, end } = scene(3);
    queue.counts = { ...empty, [where]: 1 };
    await clock.advance(9_999);
    assert.is(end(), undefined);
    await clock.advance(500);
    assert.equal([sent.length, end()], [1, { end: "unsettled" }]);
  });

test("a queue that is empty for a moment is not settled", async () => {
  const { clock, queue, sent } = scene(3);
  await clock.advance(1);
  queue.counts = { ...empty, leased: 1 };
  await clock.advance(999);
  queue.counts = empty;
  await clock.advance(1);
  assert.is(sent.length, 1);
  await clock.advance(1_000);
  assert.is(sent.length, 3);
});

test("an event that fails again ends the steps", async () => {
  const { clock, queue, sent, end } = scene(3);
  queue.dead = ["another", "0"];
  await clock.advance(1_000);
  assert.equal([sent.length, end()], [1, { end: "dead again", ids: ["0"] }]);
});

test("a failure in the last step is reported", async () => {
  const { clock, queue, sent, end } = scene(1);
  queue.dead = ["0"];
  await clock.advance(1_000);
  assert.equal([sent.length, end()], [1, { end: "dead again", ids: ["0"] }]);
});

test("an older letter of the same event is no new failure", async () => {
  const { clock, queue, end } = scene(3);
  queue.older = ["0", "2"];
  await clock.advance(5_000);
  assert.equal(end(), { end: "done" });
});

test("letters of a busy queue are read when their number changes", async () => {
  const { clock, queue } = scene(3);
  queue.counts = { ...empty, leased: 1 };
  await clock.advance(5_000);
  assert.is(queue.listed, 1);
  queue.counts = { ...empty, leased: 1, dead: 1 };
  await clock.advance(1_000);
  assert.is(queue.listed, 2);
});

test("an interruption ends the steps", async () => {
  const { clock, abort, queue, sent, end } = scene(3);
  queue.counts = { ...empty, ready: 1 };
  await clock.advance(1);
  abort.abort();
  await clock.advance(0);
  assert.equal([sent.length, end()], [1, { end: "interrupted" }]);
});

test.run();
