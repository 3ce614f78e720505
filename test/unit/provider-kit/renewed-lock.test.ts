import * as assert from "uvu/assert";
import { RenewedLock, type Hold } from "../../../src/provider-kit/renewed-lock.ts";
import { ManualClock } from "../../../src/testing/manual-clock.ts";
import { MemoryProvider } from "../../../providers/memory/index.ts";
import { throwsCode } from "../../support/throws.ts";
import { suite } from "../../support/suite.ts";

const test = suite("RenewedLock");

function held(hold: Partial<Hold>): { clock: ManualClock; lock: RenewedLock; released: () => number } {
  const clock = new ManualClock();
  let releases = 0;
  const lock = new RenewedLock(
    clock,
    { resource: "till", fencingToken: 1, ttlMs: 3_000, until: clock.now() + 3_000 },
    {
      renew: async () => true,
      release: async () => {
        releases++;
      },
      ...hold,
    },
  );
  return { clock, lock, released: () => releases };
}

const codeOf = (lock: RenewedLock): unknown => (lock.signal.reason as { code?: unknown } | undefined)?.code;

test("given renewals that succeed, when much time passes, then it is held, and released once", async () => {
  const { clock, lock, released } = held({});
  await clock.advance(60_000);
  assert.is(lock.signal.aborted, false);
  await Promise.all([lock.release(), lock.release()]);
  await lock[Symbol.asyncDispose]();
  assert.is(released(), 1);
  assert.is(clock.pending, 0);
});

test("given a renewal that is never answered, when the time of the lock is over, then its holder is told", async () => {
  const { clock, lock } = held({ renew: () => new Promise(() => {}) });
  await clock.advance(2_999);
  assert.is(lock.signal.aborted, false);
  await clock.advance(1);
  assert.is(codeOf(lock), "LockLost");
  assert.is(clock.pending, 0);
});

test("given renewals that fail, when the time of the lock is over, then its holder is told why", async () => {
  const failure = new Error("the network is down");
  const { clock, lock, released } = held({ renew: () => Promise.reject(failure) });
  await clock.advance(3_000);
  assert.is(codeOf(lock), "LockLost");
  assert.is((lock.signal.reason as Error).cause, failure);
  await lock.release();
  assert.is(released(), 0);
});

test("given a renewal that fails once, when the next succeeds, then it is held", async () => {
  let renewals = 0;
  const { clock, lock } = held({
    renew: async () => {
      if (++renewals === 1) throw new Error("once");
      return true;
    },
  });
  await clock.advance(10_000);
  assert.is(lock.signal.aborted, false);
  await lock.release();
});

test("given a lock that another took, when it is renewed, then its holder is told at once", async () => {
  const { clock, lock, released } = held({ renew: async () => false });
  await clock.advance(1_000);
  assert.is(codeOf(lock), "LockLost");
  await lock.release();
  assert.is(released(), 0);
  assert.is(clock.pending, 0);
});

test("given a renewal that is answered after the end, then the lock stays lost", async () => {
  let answer: (held: boolean) => void = () => {};
  const { clock, lock } = held({ renew: () => new Promise((resolve) => (answer = resolve)) });
  await clock.advance(3_000);
  answer(true);
  await clock.advance(0);
  assert.is(clock.pending, 0);
  await clock.advance(10_000);
  assert.is(codeOf(lock), "LockLost");
  assert.is(clock.pending, 0);
});

test("given a renewal under way, when the lock is released, then it is let go of only after that, and renewed no more", async () => {
  let answer: (held: boolean) => void = () => {};
  const { clock, lock, released } = held({ renew: () => new Promise((resolve) => (answer = resolve)) });
  await clock.advance(1_000);
  const releasing = lock.release();
  await clock.advance(0);
  assert.is(released(), 0);
  answer(true);
  await releasing;
  assert.is(released(), 1);
  assert.is(clock.pending, 0);
});

test("given a renewal that failed and one that succeeded, when the lock is lost later, then the failure is not its cause", async () => {
  let renewals = 0;
  const { clock, lock } = held({
    renew: async () => {
      if (++renewals === 1) throw new Error("once");
      return renewals === 2;
    },
  });
  await clock.advance(10_000);
  assert.is(codeOf(lock), "LockLost");
  assert.is((lock.signal.reason as Error).cause, undefined);
});

test("given a lock that is held, when another tries and is not to wait, then it is answered at once", async () => {
  const clock = new ManualClock();
  const provider = new MemoryProvider({ clock });
  await provider.stores.locks.tryLock("till");
  assert.is(await provider.stores.locks.tryLock("till"), undefined);
  await provider.close();
});

test("given a lock that was released, when its store is closed, then nobody is told that it was lost", async () => {
  const provider = new MemoryProvider();
  const lock = await provider.stores.locks.tryLock("till");
  await lock?.release();
  await provider.close();
  assert.is(lock?.signal.aborted, false);
});

test("given a time to live that is none, then no lock is taken", async () => {
  const { locks } = new MemoryProvider().stores;
  for (const ttl of [NaN, Infinity, -1, 0])
    await throwsCode("InvalidConfiguration", () => locks.tryLock("till", { ttl }));
});

test.run();
