/** How waiting callers share receives, in virtual time. */
import * as assert from "uvu/assert";
import type { AwsLease } from "../../../providers/aws/queues/lease.ts";
import { Receiver, type Receipt } from "../../../providers/aws/queues/receiver.ts";
import { BeeHiveError } from "../../../src/index.ts";
import { ManualClock } from "../../../src/testing/index.ts";
import { failureOf } from "../../support/failure.ts";
import { suite } from "../../support/suite.ts";

const test = suite("aws: receiver");
const nothing: Receipt = { received: 0, leases: [], failure: undefined };

function scene() {
  const clock = new ManualClock();
  const asked: { readonly max: number; readonly wait: number; readonly answer: (receipt: Receipt) => void }[] = [];
  const abandoned: AwsLease[] = [];
  const backlogs: boolean[] = [];
  const receiver = new Receiver({
    receive: (max, _leaseMs, wait) => new Promise((answer) => asked.push({ max, wait, answer })),
    abandon: async (lease) => void abandoned.push(lease),
    clock,
    backlog: (full) => void backlogs.push(full),
    batch: 10,
    waitSeconds: 10,
  });
  const take = (waitMs: number, signal = new AbortController().signal): Promise<AwsLease[]> =>
    receiver.take({ max: 10, leaseMs: 30_000, waitMs, signal });
  const answer = async (index: number, receipt: Partial<Receipt>): Promise<void> => {
    asked[index]?.answer({ ...nothing, ...receipt });
    await clock.advance(0);
  };
  return { clock, asked, abandoned, backlogs, receiver, take, answer };
}

const leaseUntil = (expiresAt: number): AwsLease => ({ isHeld: (now: number) => now < expiresAt }) as AwsLease;

test("events of an abandoned poll go to the next caller while held", async () => {
  const { clock, take, answer, abandoned } = scene();
  const leaving = new AbortController();
  const gone = take(5_000, leaving.signal);
  leaving.abort();
  assert.equal(await gone, []);
  const [kept, over] = [leaseUntil(Infinity), leaseUntil(clock.now() + 100)];
  await answer(0, { received: 2, leases: [kept, over] });
  await clock.advance(200);
  assert.equal(await take(0), [kept]);
  await clock.advance(2_000);
  assert.equal(abandoned, []);
});

test("events that no caller takes are abandoned after a second", async () => {
  const { clock, take, answer, abandoned } = scene();
  const leaving = new AbortController();
  const gone = take(5_000, leaving.signal);
  leaving.abort();
  await gone;
  const lease = leaseUntil(Infinity);
  await answer(0, { received: 1, leases: [lease] });
  await clock.advance(999);
  assert.equal(abandoned, []);
  await clock.advance(1);
  assert.equal(abandoned, [lease]);
});

test("a receiver that closes abandons what its receive brings", async () => {
  const { take, answer, abandoned, receiver } = scene();
  const waiting = take(5_000);
  const closed = receiver.close();
  assert.equal(await waiting, []);
  const lease = leaseUntil(Infinity);
  await answer(0, { received: 1, leases: [lease] });
  await closed;
  assert.equal(abandoned, [lease]);
  assert.is((await failureOf(take(0))).code, "InvalidState");
});

test("an empty queue is polled longer each time, until an event comes", async () => {
  const { take, answer, asked, clock } = scene();
  const waits = async (index: number, receipt: Partial<Receipt>): Promise<number | undefined> => {
    void take(30_000);
    await clock.advance(0);
    await answer(index, receipt);
    return asked[index]?.wait;
  };
  const seen = [];
  // The next receive follows an empty one at once, while callers wait.
  for (let index = 0; index < 4; index++) seen.push(await waits(index, {}));
  assert.equal(seen, [2, 4, 8, 10]);
  assert.is(await waits(4, { received: 1, leases: [leaseUntil(Infinity)] }), 10);
  await waits(5, {});
  assert.is(asked[5]?.wait, 2);
});

test("a queue is quiet since its last empty long poll began", async () => {
  const { take, answer, receiver, clock } = scene();
  assert.is(receiver.quietSince, -Infinity);
  const startedAt = clock.now();
  const first = take(1_000);
  await clock.advance(500);
  await answer(0, {});
  assert.is(receiver.quietSince, startedAt);
  await answer(1, { received: 1, leases: [leaseUntil(Infinity)] });
  await first;
  assert.is(receiver.quietSince, -Infinity);
});

test("an empty receive without a wait says nothing about the queue", async () => {
  const { take, answer, asked, receiver } = scene();
  const full = take(5_000);
  await answer(0, { received: 10, leases: Array.from({ length: 10 }, () => leaseUntil(Infinity)) });
  await full;
  const leaving = new AbortController();
  const both = [take(5_000, leaving.signal), take(5_000, leaving.signal)];
  assert.equal(
    asked.map(({ wait }) => wait),
    [2, 2, 0],
  );
  await answer(2, {});
  assert.is(receiver.quietSince, -Infinity);
  leaving.abort();
  assert.equal(await Promise.all(both), [[], []]);
});

test("a full receive reports a backlog, a failed one does not", async () => {
  const { take, answer, backlogs } = scene();
  const failure = new BeeHiveError("Unavailable", "down");
  const all = Array.from({ length: 10 }, () => leaseUntil(Infinity));
  const first = take(1_000);
  await answer(0, { received: 10, leases: all });
  assert.is((await first).length, 10);
  const second = failureOf(take(1_000));
  await answer(1, { received: 10, leases: [], failure });
  assert.is((await second).code, "Unavailable");
  assert.equal(backlogs, [true, false]);
});

test("a failure without a caller is thrown to the next, once", async () => {
  const { take, answer } = scene();
  const leaving = new AbortController();
  const gone = take(5_000, leaving.signal);
  leaving.abort();
  await gone;
  await answer(0, { received: 1, failure: new BeeHiveError("AccessDenied", "no") });
  assert.is((await failureOf(take(0))).code, "AccessDenied");
  const again = take(0);
  await answer(1, {});
  assert.equal(await again, []);
});

test("a partly unreadable receive returns the rest, then the failure", async () => {
  const { take, answer } = scene();
  const lease = leaseUntil(Infinity);
  const failure = new BeeHiveError("Unavailable", "down");
  const look = take(0);
  await answer(0, { received: 2, leases: [lease], failure });
  assert.equal(await look, [lease]);
  assert.is((await failureOf(take(0))).code, "Unavailable");
  const none = failureOf(take(0));
  await answer(1, { received: 1, failure });
  assert.is((await none).code, "Unavailable");
});

test.run();
