import assert from "node:assert/strict";
import type { HeldLock, LockOptions } from "../../contract/stores.ts";
import { rejectsWith } from "./assertions.ts";
import type { ContractCase, ContractSubject } from "./contract.ts";
import { eventually, wait } from "./eventually.ts";
import { invalidKeys, oddKeys } from "./odd-keys.ts";

async function lockOf({ provider }: ContractSubject, resource: string, options?: LockOptions): Promise<HeldLock> {
  const lock = await provider.stores.locks.tryLock(resource, options);
  assert.ok(lock, `${resource} could not be locked`);
  return lock;
}

/** The contract of locks. */
export const lockStoreContract: readonly ContractCase[] = [
  {
    name: "a held lock is not given to another until its release",
    async run(subject) {
      const { locks } = subject.provider.stores;
      const resource = subject.newName();
      const lock = await lockOf(subject, resource);
      assert.equal(lock.resource, resource);
      assert.equal(lock.signal.aborted, false);
      assert.equal(await locks.tryLock(resource), undefined);
      await lock.release();
      await (await lockOf(subject, resource)).release();
    },
  },
  {
    name: "one of many concurrent tries gets the lock",
    async run({ provider: { stores }, newName }) {
      const resource = newName();
      const tries = await Promise.all(Array.from({ length: 10 }, () => stores.locks.tryLock(resource)));
      const held = tries.filter((lock) => lock !== undefined);
      assert.equal(held.length, 1);
      await held[0]?.release();
    },
  },
  {
    name: "each waiter gets its turn, one at a time",
    async run(subject) {
      const resource = subject.newName();
      let inside = 0;
      let turns = 0;
      await Promise.all(
        Array.from({ length: 5 }, async () => {
          await using _ = await lockOf(subject, resource, { wait: 20_000 });
          assert.equal(++inside, 1, "two are inside");
          await wait(20);
          inside--;
          turns++;
        }),
      );
      assert.equal(turns, 5);
    },
  },
  {
    name: "a waiter gives up after its wait",
    async run(subject) {
      const resource = subject.newName();
      await using _ = await lockOf(subject, resource);
      const started = Date.now();
      assert.equal(await subject.provider.stores.locks.tryLock(resource, { wait: "300ms" }), undefined);
      assert.ok(Date.now() - started >= 250, "it gave up too early");
    },
  },
  {
    name: "fencing tokens grow with each holder",
    async run(subject) {
      const resource = subject.newName();
      const tokens: number[] = [];
      for (let times = 0; times < 5; times++) {
        await using lock = await lockOf(subject, resource);
        tokens.push(lock.fencingToken);
      }
      assert.ok(
        tokens.every((token, n) => Number.isSafeInteger(token) && (n === 0 || token > (tokens[n - 1] ?? 0))),
        `they do not grow: ${tokens.join(", ")}`,
      );
    },
  },
  {
    name: "a held lock is renewed past its ttl",
    async run(subject) {
      const { leaseMs: ttl, provider, newName } = subject;
      const resource = newName();
      await using lock = await lockOf(subject, resource, { ttl });
      const end = Date.now() + 2.5 * ttl;
      while (Date.now() < end) {
        assert.equal(await provider.stores.locks.tryLock(resource, { ttl }), undefined);
        await wait(ttl / 10);
      }
      assert.equal(lock.signal.aborted, false);
    },
  },
  {
    name: "the lock of a dead holder passes on with a larger token",
    async run(subject) {
      const { clock, leaseMs: ttl, provider, newName } = subject;
      const resource = newName();
      const dead = await lockOf(subject, resource, { ttl });
      clock.forget();
      const next = await eventually("the lock of the dead holder is free", () =>
        provider.stores.locks.tryLock(resource, { ttl: 60_000 }),
      );
      assert.ok(next.fencingToken > dead.fencingToken);
      await dead.release();
      assert.equal(
        await provider.stores.locks.tryLock(resource),
        undefined,
        "the dead holder's release is nothing to the next",
      );
      await next.release();
    },
  },
  {
    name: "a second release does nothing, also to the next holder",
    async run(subject) {
      const resource = subject.newName();
      const first = await lockOf(subject, resource);
      await first.release();
      await first.release();
      await using _ = await lockOf(subject, resource);
      await first.release();
      assert.equal(await subject.provider.stores.locks.tryLock(resource), undefined);
    },
  },
  {
    name: "odd resources are locks of their own",
    async run(subject) {
      const prefix = subject.newName();
      const resources = oddKeys.filter((key) => key.length < 200).map((key) => `${prefix}${key}`);
      const locks = await Promise.all(resources.map((resource) => lockOf(subject, resource)));
      for (const resource of resources) assert.equal(await subject.provider.stores.locks.tryLock(resource), undefined);
      await Promise.all(locks.map((lock) => lock.release()));
    },
  },
  {
    name: "a ttl or wait that is no length of time is InvalidConfiguration",
    async run(subject) {
      const { locks } = subject.provider.stores;
      const resource = subject.newName();
      const none = [Number.NaN, -1, "5", "", null, true, {}] as unknown as readonly number[];
      for (const wait of none) await rejectsWith("InvalidConfiguration", () => locks.tryLock(resource, { wait }));
      for (const ttl of [...none, 0, Infinity])
        await rejectsWith("InvalidConfiguration", () => locks.tryLock(resource, { ttl }));
      await (await lockOf(subject, resource)).release();
    },
  },
  {
    name: "invalid resources are InvalidKey",
    async run({ provider: { stores } }) {
      for (const resource of invalidKeys) await rejectsWith("InvalidKey", () => stores.locks.tryLock(resource));
    },
  },
];
