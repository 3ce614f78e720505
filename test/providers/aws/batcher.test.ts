import * as assert from "uvu/assert";
import { Batcher, type BatcherOptions, type EntryFailure } from "../../../providers/aws/queues/batcher.ts";
import { Load } from "../../../providers/aws/queues/load.ts";
import { ManualClock } from "../../../src/testing/index.ts";
import { suite } from "../../support/suite.ts";

const test = suite("aws: batcher");

/** A batcher of numbers, what it sent, and what the service is to answer. */
function scene(working = 0, options: Partial<BatcherOptions<number>> = {}) {
  const clock = new ManualClock();
  const sent: number[][] = [];
  const answers: (readonly EntryFailure[] | Error | Promise<void>)[] = [];
  const load = new Load(5);
  for (let n = 0; n < working; n++) load.begin({ address: { url: "queue" }, isHeld: () => true });
  const batcher = new Batcher<number>({
    async send(entries) {
      sent.push([...entries]);
      const answer = answers.shift();
      if (answer instanceof Error) throw answer;
      if (answer instanceof Promise) await answer;
      return Array.isArray(answer) ? (answer as EntryFailure[]) : [];
    },
    operation: { action: "sqs:SendMessage", resource: "queue" },
    clock,
    load,
    maxEntries: 10,
    maxBytes: Infinity,
    ...options,
  });
  return { clock, sent, answers, batcher, load };
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
  const { batcher, sent, clock, load } = scene(3);
  load.backlogs.add("queue");
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

/** The tens are the group: 11 and 12 are of one, 21 is of another. */
const grouped = { groupOf: (entry: number) => String(Math.floor(entry / 10)) };

test("given entries of several groups, when they are added, then one of each goes at a time, in order, and nothing is left behind", async () => {
  const { batcher, sent } = scene(0, grouped);
  await Promise.all([11, 12, 13, 21, 22, 31].map((n) => batcher.add(n, 1)));
  assert.equal(sent, [[11, 21, 31], [12, 22], [13]]);
});

test("given a request under way, when a full batch of other groups is there, then it does not wait for it, but its own group does", async () => {
  const { batcher, sent, answers } = scene(0, grouped);
  let answer = (): void => {};
  answers.push(new Promise((resolve) => (answer = resolve)));
  const all = [batcher.add(11, 1)];
  await new Promise(setImmediate);
  all.push(...[12, 21, 31, 41, 51, 61, 71, 81, 91, 101, 111].map((n) => batcher.add(n, 1)));
  await new Promise(setImmediate);
  assert.equal(sent.slice(1), [[21, 31, 41, 51, 61, 71, 81, 91, 101, 111]]);
  answer();
  await Promise.all(all);
  assert.equal(sent.slice(2), [[12]]);
});

test("given an entry of a group that met a fault of the service, when it is sent again, then those behind it have waited, and other groups have not", async () => {
  const { batcher, answers, sent, clock } = scene(0, grouped);
  answers.push([failed(0, false)], [failed(0, false)]);
  const outcomes = Promise.all([11, 12, 21, 22].map((n) => batcher.add(n, 1)));
  await clock.advance(1_000);
  await outcomes;
  assert.equal(
    sent.flat().filter((n) => n < 20),
    [11, 11, 12],
  );
  assert.equal(
    sent.flat().filter((n) => n > 20),
    [21, 22, 22],
  );
});

test("given an entry of a group that fails, when it does, then those behind it fail unsent, because they would arrive before it, and other groups do not", async () => {
  const { batcher, answers, sent } = scene(0, grouped);
  answers.push([failed(0, true)]);
  const outcomes = await Promise.allSettled([11, 12, 21].map((n) => batcher.add(n, 1)));
  assert.equal(
    outcomes.map(({ status }) => status),
    ["rejected", "rejected", "fulfilled"],
  );
  assert.equal(sent, [[11, 21]]);
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

test("given an entry that the service does not take, when it is sent again, then each time twice as long after", async () => {
  const { batcher, answers, sent, clock } = scene();
  answers.push(...Array.from({ length: 9 }, () => [failed(0, false)]));
  const outcome = batcher.add(1, 1).catch((error: unknown) => error);
  const counts: number[] = [];
  for (const ms of [0, 49, 1, 99, 1, 199, 1, 399, 1]) {
    await clock.advance(ms);
    counts.push(sent.length);
  }
  assert.equal(counts, [1, 1, 2, 2, 3, 3, 4, 4, 5]);
  await outcome;
});

test("given work that was never settled, when its lease is over, then nobody waits for it", async () => {
  const { batcher, sent, clock, load } = scene();
  load.begin({ address: { url: "queue" }, isHeld: (now) => now < clock.now() });
  await batcher.add(1, 1);
  assert.equal([sent, clock.pending], [[[1]], 0]);
});

test("given steps at work on a queue, when some of them have been answered, then they may ask again, and are waited for", async () => {
  const { batcher, sent, clock } = scene(3, { ofQueue: "queue" });
  const first = Promise.all([1, 2].map((n) => batcher.add(n, 1)));
  await clock.advance(5);
  await first;
  const again = batcher.add(3, 1);
  await clock.advance(4);
  assert.equal(sent, [[1, 2]]);
  await clock.advance(1);
  await again;
  assert.equal(sent, [[1, 2], [3]]);
});

test("given steps that all wait for an answer, when what they publish is added, then nobody else is waited for", async () => {
  const { batcher, sent, clock, load } = scene(2);
  await Promise.all([1, 2].map((n) => load.while(() => batcher.add(n, 1))));
  assert.equal([sent, clock.pending, load.waiting], [[[1, 2]], 0, 0]);
});

test("given a request under way, when entries come one after the other, then they wait for it and go together", async () => {
  const { batcher, sent, answers } = scene();
  let answer = (): void => {};
  answers.push(new Promise((resolve) => (answer = resolve)));
  const all = [1, 2, 3].map(async (n) => {
    for (let turns = 1; turns < n; turns++) await new Promise(setImmediate);
    await batcher.add(n, 1);
  });
  for (let turns = 0; turns < 5; turns++) await new Promise(setImmediate);
  assert.equal(sent, [[1]]);
  answer();
  await Promise.all(all);
  assert.equal(sent, [[1], [2, 3]]);
});

test("given a request that is refused for one of its entries, when each goes alone, then that one alone fails", async () => {
  const refused = (): Error => Object.assign(new Error("no"), { name: "ValidationException" });
  const { batcher, sent, answers } = scene();
  answers.push(refused(), [], refused(), []);
  const outcomes = await Promise.allSettled([1, 2, 3].map((n) => batcher.add(n, 1)));
  assert.equal(sent, [[1, 2, 3], [1], [2], [3]]);
  assert.equal(
    outcomes.map(({ status }) => status),
    ["fulfilled", "rejected", "fulfilled"],
  );
});

test("given a request that fails for what no entry can help, when it is answered, then all fail and none is sent again", async () => {
  const { batcher, sent, answers } = scene();
  answers.push(Object.assign(new Error("no"), { name: "AccessDeniedException" }));
  const outcomes = await Promise.allSettled([1, 2].map((n) => batcher.add(n, 1)));
  assert.equal([sent, outcomes.map(({ status }) => status)], [[[1, 2]], ["rejected", "rejected"]]);
});

test("given an entry that is larger than a request may be, when it is added, then it is sent alone: the service says what it thinks", async () => {
  const { batcher, sent } = scene(0, { maxBytes: 10 });
  await Promise.all([batcher.add(1, 5), batcher.add(2, 11), batcher.add(3, 5)]);
  assert.equal(sent, [[1], [2], [3]]);
});

test("given entries that wait for company, when a request is full before that, then no timer is left to cut the next wait short", async () => {
  const { batcher, sent, clock } = scene(20);
  const first = batcher.add(1, 1);
  await clock.advance(1);
  assert.is(clock.pending, 1);
  await Promise.all([first, ...Array.from({ length: 9 }, (_, n) => batcher.add(n, 1))]);
  assert.equal([sent.length, clock.pending], [1, 0]);
});

test.run();
