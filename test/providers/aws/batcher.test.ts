import * as assert from "uvu/assert";
import { Batcher, type BatcherOptions, type EntryFailure } from "../../../providers/aws/queues/batcher.ts";
import { Load } from "../../../providers/aws/queues/load.ts";
import { ManualClock } from "../../../src/testing/index.ts";
import { suite } from "../../support/suite.ts";

const test = suite("aws: batcher");

/** A batcher of numbers, the requests that it sent, and the responses of the service. */
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

test("in an idle system an entry goes at the end of the turn, untimed", async () => {
  const { batcher, sent, clock } = scene();
  await batcher.add(1, 1);
  assert.equal([sent, clock.pending], [[[1]], 0]);
});

test("entries of one turn go together", async () => {
  const { batcher, sent } = scene();
  await Promise.all([1, 2, 3].map((n) => batcher.add(n, 1)));
  assert.equal(sent, [[1, 2, 3]]);
});

test("entries go in tens, full batches at once", async () => {
  const { batcher, sent } = scene();
  await Promise.all(Array.from({ length: 23 }, (_, n) => batcher.add(n, 1)));
  assert.equal(
    sent.map(({ length }) => length),
    [10, 10, 3],
  );
});

test("an entry waits for other steps at work, for at most 5 ms", async () => {
  const { batcher, sent, clock } = scene(3);
  const done = batcher.add(1, 1);
  await clock.advance(4);
  assert.equal(sent, []);
  const company = batcher.add(2, 1);
  await clock.advance(1);
  await Promise.all([done, company]);
  assert.equal(sent, [[1, 2]]);
});

test("with a backlog an entry waits longer", async () => {
  const { batcher, sent, clock, load } = scene(3);
  load.backlogs.add("queue");
  const done = batcher.add(1, 1);
  await clock.advance(24);
  assert.equal(sent, []);
  await clock.advance(1);
  await done;
  assert.equal(sent, [[1]]);
});

test("once all steps of a queue have added, no step is waited for", async () => {
  const { batcher, sent, clock } = scene(2, { ofQueue: "queue" });
  await Promise.all([1, 2].map((n) => batcher.add(n, 1)));
  assert.equal([sent, clock.pending], [[[1, 2]], 0]);
});

test("a request keeps its byte limit", async () => {
  const { batcher, sent } = scene(0, { maxBytes: 100 });
  await Promise.all([60, 60, 30, 100].map((bytes) => batcher.add(bytes, bytes)));
  assert.equal(sent, [[60], [60, 30], [100]]);
});

/** The tens are the group: 11 and 12 belong to one group, 21 to another. */
const grouped = { groupOf: (entry: number) => String(Math.floor(entry / 10)) };

test("one entry of each group goes at a time, in order", async () => {
  const { batcher, sent } = scene(0, grouped);
  await Promise.all([11, 12, 13, 21, 22, 31].map((n) => batcher.add(n, 1)));
  assert.equal(sent, [[11, 21, 31], [12, 22], [13]]);
});

test("a full batch of other groups does not wait for a request in flight", async () => {
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

test("a repeated entry holds back its own group alone", async () => {
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

test("a failed entry fails those behind it in its group, unsent", async () => {
  const { batcher, answers, sent } = scene(0, grouped);
  answers.push([failed(0, true)]);
  const outcomes = await Promise.allSettled([11, 12, 21].map((n) => batcher.add(n, 1)));
  assert.equal(
    outcomes.map(({ status }) => status),
    ["rejected", "rejected", "fulfilled"],
  );
  assert.equal(sent, [[11, 21]]);
});

test("a refused entry fails alone", async () => {
  const { batcher, answers, sent } = scene();
  answers.push([failed(1, true)]);
  const outcomes = await Promise.allSettled([1, 2, 3].map((n) => batcher.add(n, 1)));
  assert.equal(
    outcomes.map(({ status }) => status),
    ["fulfilled", "rejected", "fulfilled"],
  );
  assert.is(sent.length, 1);
});

test("an entry with a service fault is sent again alone", async () => {
  const { batcher, answers, sent, clock } = scene();
  answers.push([failed(0, false)], [failed(0, false)]);
  const outcomes = Promise.all([1, 2, 3].map((n) => batcher.add(n, 1)));
  await clock.advance(1_000);
  await outcomes;
  assert.equal(sent, [[1, 2, 3], [1], [1]]);
});

test("an entry that the service never takes fails after its retries", async () => {
  const { batcher, answers, clock } = scene();
  answers.push(...Array.from({ length: 9 }, () => [failed(0, false)]));
  const outcome = batcher.add(1, 1).catch((error: unknown) => error);
  await clock.advance(60_000);
  assert.match(String(await outcome), /sqs:SendMessage on queue/);
});

test("a request that fails as a whole fails all of its entries", async () => {
  const { batcher, answers } = scene();
  answers.push(Object.assign(new Error("down"), { name: "ServiceUnavailable" }));
  const outcomes = await Promise.allSettled([1, 2].map((n) => batcher.add(n, 1)));
  assert.equal(
    outcomes.map(({ status }) => status),
    ["rejected", "rejected"],
  );
});

test("each retry of an entry waits twice as long", async () => {
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

test("work that was never settled is not waited for after its lease", async () => {
  const { batcher, sent, clock, load } = scene();
  load.begin({ address: { url: "queue" }, isHeld: (now) => now < clock.now() });
  await batcher.add(1, 1);
  assert.equal([sent, clock.pending], [[[1]], 0]);
});

test("steps that may ask again are waited for", async () => {
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

test("steps that wait for a response are not waited for", async () => {
  const { batcher, sent, clock, load } = scene(2);
  await Promise.all([1, 2].map((n) => load.while(() => batcher.add(n, 1))));
  assert.equal([sent, clock.pending, load.waiting], [[[1, 2]], 0, 0]);
});

test("entries wait for a request in flight and go together", async () => {
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

test("of a refused request each entry goes alone, and the wrong one fails", async () => {
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

test("a request that fails for other reasons fails all entries, unrepeated", async () => {
  const { batcher, sent, answers } = scene();
  answers.push(Object.assign(new Error("no"), { name: "AccessDeniedException" }));
  const outcomes = await Promise.allSettled([1, 2].map((n) => batcher.add(n, 1)));
  assert.equal([sent, outcomes.map(({ status }) => status)], [[[1, 2]], ["rejected", "rejected"]]);
});

test("an entry above the request limit is sent alone", async () => {
  const { batcher, sent } = scene(0, { maxBytes: 10 });
  await Promise.all([batcher.add(1, 5), batcher.add(2, 11), batcher.add(3, 5)]);
  assert.equal(sent, [[1], [2], [3]]);
});

test("a full request cancels the timer of its entries", async () => {
  const { batcher, sent, clock } = scene(20);
  const first = batcher.add(1, 1);
  await clock.advance(1);
  assert.is(clock.pending, 1);
  await Promise.all([first, ...Array.from({ length: 9 }, (_, n) => batcher.add(n, 1))]);
  assert.equal([sent.length, clock.pending], [1, 0]);
});

test.run();
