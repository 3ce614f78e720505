import * as assert from "uvu/assert";
import { Batcher, Pace, type EntryFailure } from "../../providers/aws/batcher.ts";
import { ManualClock } from "../../src/testing/index.ts";
import { suite } from "../support/suite.ts";

const test = suite("aws: batcher");

/** A batcher of numbers, what it sent, and what the service is to answer. */
function scene(
  working = 0,
  options: { readonly maxBytes?: number; readonly sequential?: boolean; readonly ofQueue?: string } = {},
) {
  const clock = new ManualClock();
  const sent: number[][] = [];
  const answers: (readonly EntryFailure[] | Error | Promise<void>)[] = [];
  const pace = new Pace(5);
  for (let n = 0; n < working; n++) pace.begin({ address: { url: "queue" }, isHeld: () => true });
  const batcher = new Batcher<number>({
    async send(entries) {
      sent.push([...entries]);
      const answer = answers.shift();
      if (answer instanceof Error) throw answer;
      if (answer instanceof Promise) await answer;
      return Array.isArray(answer) ? (answer as EntryFailure[]) : [];
    },
    attempt: { action: "sqs:SendMessage", resource: "queue" },
    clock,
    pace,
    maxEntries: 10,
    maxBytes: Infinity,
    ...options,
  });
  return { clock, sent, answers, batcher, pace };
}

const failed = (index: number, senderFault: boolean): EntryFailure => ({
  index,
  code: senderFault ? "InvalidMessageContents" : "InternalError",
  message: "no",
  senderFault,
});

test("given an idle system, when one entry is added, then it goes at the end of the turn, no timer set", async () => {
  const { batcher, sent, clock } = scene();
  await batcher.add(1, 1);
  assert.equal([sent, clock.pending], [[[1]], 0]);
});

test("given entries added in one turn, when it ends, then they go together", async () => {
  const { batcher, sent } = scene();
  await Promise.all([1, 2, 3].map((n) => batcher.add(n, 1)));
  assert.equal(sent, [[1, 2, 3]]);
});

test("given twenty-three entries, when they are added, then they go in tens, the full ones at once", async () => {
  const { batcher, sent } = scene();
  await Promise.all(Array.from({ length: 23 }, (_, n) => batcher.add(n, 1)));
  assert.equal(
    sent.map(({ length }) => length),
    [10, 10, 3],
  );
});

test("given others at work, when an entry is added, then it waits for them, and no longer than 5 ms", async () => {
  const { batcher, sent, clock } = scene(3);
  const done = batcher.add(1, 1);
  await clock.advance(4);
  assert.equal(sent, []);
  const company = batcher.add(2, 1);
  await clock.advance(1);
  await Promise.all([done, company]);
  assert.equal(sent, [[1, 2]]);
});

test("given others at work and a backlog, when an entry is added, then it waits longer, because nobody notices", async () => {
  const { batcher, sent, clock, pace } = scene(3);
  pace.plenty.add("queue");
  const done = batcher.add(1, 1);
  await clock.advance(24);
  assert.equal(sent, []);
  await clock.advance(1);
  await done;
  assert.equal(sent, [[1]]);
});

test("given what only steps on one queue can ask, when all of them have asked, then nobody is waited for", async () => {
  const { batcher, sent, clock } = scene(2, { ofQueue: "queue" });
  await Promise.all([1, 2].map((n) => batcher.add(n, 1)));
  assert.equal([sent, clock.pending], [[[1, 2]], 0]);
});

test("given the limit of a whole request, when entries would be more, then they go in several", async () => {
  const { batcher, sent } = scene(0, { maxBytes: 100 });
  await Promise.all([60, 60, 30, 100].map((bytes) => batcher.add(bytes, bytes)));
  assert.equal(sent, [[60], [60, 30], [100]]);
});

test("given a sequential batcher, when a request is under way, then the next waits, and nothing is left behind", async () => {
  const { batcher, sent, answers } = scene(0, { sequential: true });
  let answer = (): void => {};
  answers.push(new Promise((resolve) => (answer = resolve)));
  const all = Array.from({ length: 35 }, (_, n) => batcher.add(n, 1));
  await new Promise(setImmediate);
  assert.is(sent.length, 1);
  answer();
  await Promise.all(all);
  assert.equal(
    sent.flat(),
    Array.from({ length: 35 }, (_, n) => n),
  );
});

test("given a batch of which one entry is refused, when it is answered, then that one fails and its neighbours do not", async () => {
  const { batcher, answers, sent } = scene();
  answers.push([failed(1, true)]);
  const outcomes = await Promise.allSettled([1, 2, 3].map((n) => batcher.add(n, 1)));
  assert.equal(
    outcomes.map(({ status }) => status),
    ["fulfilled", "rejected", "fulfilled"],
  );
  assert.is(sent.length, 1);
});

test("given a batch of which one entry met a fault of the service, when it is answered, then that one alone is sent again", async () => {
  const { batcher, answers, sent, clock } = scene();
  answers.push([failed(0, false)], [failed(0, false)]);
  const outcomes = Promise.all([1, 2, 3].map((n) => batcher.add(n, 1)));
  await clock.advance(1_000);
  await outcomes;
  assert.equal(sent, [[1, 2, 3], [1], [1]]);
});

test("given an entry that the service never takes, when it was sent often enough, then it fails", async () => {
  const { batcher, answers, clock } = scene();
  answers.push(...Array.from({ length: 9 }, () => [failed(0, false)]));
  const outcome = batcher.add(1, 1).catch((error: unknown) => error);
  await clock.advance(60_000);
  assert.match(String(await outcome), /sqs:SendMessage on queue/);
});

test("given a request that fails as a whole, when it is answered, then all of its entries fail", async () => {
  const { batcher, answers } = scene();
  answers.push(Object.assign(new Error("down"), { name: "ServiceUnavailable" }));
  const outcomes = await Promise.allSettled([1, 2].map((n) => batcher.add(n, 1)));
  assert.equal(
    outcomes.map(({ status }) => status),
    ["rejected", "rejected"],
  );
});

test.run();
