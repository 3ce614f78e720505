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

test("a renewed lock stays held and is released once", async () => {
  const { clock, lock, released } = held({});
  await clock.advance(60_000);
  assert.is(lock.signal.aborted, false);
  await Promise.all([lock.release(), lock.release()]);
  await lock[Symbol.asyncDispose]();
  assert.is(released(), 1);
  assert.is(clock.pending, 0);
});

test("a renewal that hangs loses the lock at its end", async () => {
  const { clock, lock } = held({ renew: () => new Promise(() => {}) });
  await clock.advance(2_999);
  assert.is(lock.signal.aborted, false);
  await clock.advance(1);
  assert.is(codeOf(lock), "LockLost");
  assert.is(clock.pending, 0);
});

test("failing renewals lose the lock at its end, with the cause", async () => {
  const failure = new Error("the network is down");
  const { clock, lock, released } = held({ renew: () => Promise.reject(failure) });
  await clock.advance(3_000);
  assert.is(codeOf(lock), "LockLost");
  assert.is((lock.signal.reason as Error).cause, failure);
  await lock.release();
  assert.is(released(), 0);
});

test("one failed renewal does not lose the lock", async () => {
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

test("a lock that another took is lost at its renewal", async () => {
  const { clock, lock, released } = held({ renew: async () => false });
  await clock.advance(1_000);
  assert.is(codeOf(lock), "LockLost");
  await lock.release();
  assert.is(released(), 0);
  assert.is(clock.pending, 0);
});

test("a renewal that resolves after the end keeps the lock lost", async () => {
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

test("a release waits for the renewal and stops renewing", async () => {
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

test("the cause of a loss is the last renewal only", async () => {
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

test("a try without a wait returns at once", async () => {
  const clock = new ManualClock();
  const provider = new MemoryProvider({ clock });
  await provider.stores.locks.tryLock("till");
  assert.is(await provider.stores.locks.tryLock("till"), undefined);
  await provider.close();
});

test("a released lock is not lost when its store closes", async () => {
  const provider = new MemoryProvider();
  const lock = await provider.stores.locks.tryLock("till");
  await lock?.release();
  await provider.close();
  assert.is(lock?.signal.aborted, false);
});

test("a ttl that is no length of time takes no lock", async () => {
  const { locks } = new MemoryProvider().stores;
  for (const ttl of [NaN, Infinity, -1, 0])
    await throwsCode("InvalidConfiguration", () => locks.tryLock("till", { ttl }));
});

test.run();
