import * as assert from "uvu/assert";
import { sleep } from "../../../src/base/clock.ts";
import { Event } from "../../../src/events/event.ts";
import { LeaseKeeper } from "../../../src/delivery/lease-keeper.ts";
import { silentLogger } from "../../../src/base/logger.ts";
import { QueueName } from "../../../src/events/queue-name.ts";
import type { Lease } from "../../../src/contract/queue-operator.ts";
import { ManualClock } from "../../../src/testing/manual-clock.ts";
import { suite } from "../../support/suite.ts";

const test = suite("LeaseKeeper");
const leaseMs = 1_000;

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
type Renew = (ids: readonly string[]) => Promise<readonly boolean[]>;

/** A keeper over a queue whose renewals the test resolves. */
function scene(answer?: Renew) {
  const clock = new ManualClock(0);
  const calls: { readonly at: number; readonly ids: readonly string[] }[] = [];
  const queues = {
    async renew(leases: readonly Lease[], ms: number): Promise<readonly boolean[]> {
      const ids = leases.map(({ event }) => event.id);
      calls.push({ at: clock.now(), ids });
      const held = answer ? await answer(ids) : ids.map(() => true);
      leases.forEach((lease, n) => {
        if (held[n]) (lease as Mutable<Lease>).expiresAt = clock.now() + ms;
      });
      return held;
    },
  };
  const keeper = new LeaseKeeper(queues, clock, silentLogger);
  const lost: string[] = [];
  const keep = (id: string, ms = leaseMs) => {
    const lease: Lease = {
      event: new Event("A", 1, { id }),
      queueName: QueueName.parse("A-B"),
      attempt: 1,
      firstSeen: 0,
      expiresAt: clock.now() + ms,
    };
    return keeper.keep(lease, ms, { abort: ({ code }) => lost.push(`${id} ${code} ${clock.now()}`) });
  };
  return { clock, calls, keeper, keep, lost };
}

test("a kept lease is renewed at half its time, again and again", async () => {
  const { clock, calls, keep, lost } = scene();
  const kept = keep("a");
  await clock.advance(1_600);
  assert.equal(
    calls.map(({ at }) => at),
    [500, 1_000, 1_500],
  );
  await kept.stop();
  await clock.advance(5_000);
  assert.is(calls.length, 3);
  assert.equal(lost, []);
});

test("leases that are due at nearly the same time are renewed in one call", async () => {
  const { clock, calls, keep } = scene();
  keep("a");
  await clock.advance(50);
  keep("b");
  await clock.advance(150);
  keep("c");
  await clock.advance(300);
  assert.equal(calls, [{ at: 500, ids: ["a", "b"] }]);
  await clock.advance(200);
  assert.equal(calls[1], { at: 700, ids: ["c"] });
});

test("leases of two lengths are renewed for their own lengths", async () => {
  const { clock, calls, keep } = scene();
  keep("short", 400);
  const long = keep("long", 1_000);
  await clock.advance(450);
  assert.equal(calls, [
    { at: 200, ids: ["short"] },
    { at: 400, ids: ["short"] },
    { at: 400, ids: ["long"] },
  ]);
  assert.is(long.lease.expiresAt, 1_400);
});

test("a renewal of a lost lease cancels its holder once", async () => {
  const { clock, calls, keep, lost } = scene(async (ids) => ids.map((id) => id !== "a"));
  keep("a");
  keep("b");
  await clock.advance(1_000);
  assert.equal(lost, ["a LeaseLost 500"]);
  assert.equal(
    calls.map(({ ids }) => ids),
    [["a", "b"], ["b"]],
  );
});

test("failing renewals are tried until the lease ends, then it is lost", async () => {
  const { clock, calls, keep, lost } = scene(() => Promise.reject(new Error("no network")));
  keep("a");
  await clock.advance(5_000);
  assert.equal(
    calls.map(({ at }) => at),
    [500, 600, 700, 800, 900],
  );
  assert.equal(lost, ["a LeaseLost 1000"]);
});

test("a lease that ends between two slow failures is lost at its end", async () => {
  const { clock, keep, lost } = scene(async () => {
    await sleep(clock, 60);
    throw new Error("no network");
  });
  keep("a");
  await clock.advance(5_000);
  assert.equal(lost, ["a LeaseLost 1000"]);
});

test("a lease goes on when a later renewal succeeds", async () => {
  let failures = 0;
  const { clock, calls, keep, lost } = scene(async (ids) => {
    if (failures++ === 0) throw new Error("no network");
    return ids.map(() => true);
  });
  keep("a");
  await clock.advance(5_000);
  assert.equal(
    calls.slice(0, 2).map(({ at }) => at),
    [500, 600],
  );
  assert.equal(lost, []);
});

test("a renewal without a response loses the lease at its end", async () => {
  const { clock, keep, lost } = scene(() => new Promise(() => {}));
  keep("a");
  await clock.advance(2_000);
  assert.equal(lost, ["a LeaseLost 1000"]);
});

test("stopping a lease waits for the renewal under way", async () => {
  let answer = (): void => {};
  const { clock, keep, lost } = scene((ids) => new Promise((resolve) => (answer = () => resolve(ids.map(() => true)))));
  const kept = keep("a");
  await clock.advance(500);
  let stopped = false;
  const stopping = Promise.resolve(kept.stop()).then(() => (stopped = true));
  await clock.advance(0);
  assert.not(stopped);
  answer();
  await stopping;
  await clock.advance(5_000);
  assert.equal(lost, []);
});

test("a loss found by a renewal under way is known after the stop", async () => {
  let answer = (): void => {};
  const { clock, keep, lost } = scene(
    (ids) => new Promise((resolve) => (answer = () => resolve(ids.map(() => false)))),
  );
  const kept = keep("a");
  await clock.advance(500);
  const stopping = kept.stop();
  answer();
  await stopping;
  assert.equal(lost, ["a LeaseLost 500"]);
});

test("a renewal that succeeds after the end of its lease loses it once", async () => {
  let answer = (): void => {};
  const { clock, keep, lost } = scene(
    (ids) => new Promise((resolve) => (answer = () => resolve(ids.map(() => false)))),
  );
  keep("a");
  await clock.advance(1_000);
  answer();
  await clock.advance(0);
  assert.equal(lost, ["a LeaseLost 1000"]);
});

test("a renewal under way does not delay that of another lease", async () => {
  const { clock, calls, keep } = scene(() => new Promise(() => {}));
  keep("a");
  await clock.advance(200);
  keep("b");
  await clock.advance(600);
  assert.equal(
    calls.map(({ ids }) => ids),
    [["a"], ["b"]],
  );
});

test("a closed keeper does not repeat a failing renewal", async () => {
  let fail = (): void => {};
  const { clock, keep, keeper } = scene(
    () => new Promise((_, reject) => (fail = () => reject(new Error("no network")))),
  );
  keep("a");
  await clock.advance(500);
  keeper.close();
  fail();
  await clock.advance(0);
  assert.is(clock.pending, 0);
});

test("a closed keeper renews nothing and leaves no timer", async () => {
  const { clock, calls, keep, keeper } = scene();
  keep("a");
  keeper.close();
  assert.is(clock.pending, 0);
  await clock.advance(5_000);
  assert.equal(calls, []);
});

test.run();
