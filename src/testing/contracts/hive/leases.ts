import assert from "node:assert/strict";
import { BeeHiveError, isBeeHiveError } from "../../../base/errors.ts";
import { Event } from "../../../events/event.ts";
import type { ContractCase } from "../contract.ts";
import { eventually, wait } from "../eventually.ts";
import { actor, running, tampered } from "./harness.ts";

/** Leases of long work. */
export const leases: readonly ContractCase[] = [
  {
    name: "a lease is renewed while its actor works",
    async run(subject) {
      const { leaseMs: lease, newName } = subject;
      const topic = newName();
      const attempts: number[] = [];
      let aborted = false;
      let done = false;
      const slow = actor(
        `${topic}-Slow`,
        async (_, { attempt, signal }) => {
          attempts.push(attempt);
          await wait(2.6 * lease);
          aborted = signal.aborted;
          done = true;
        },
        { lease },
      );
      await using hive = await running(subject, [slow]);
      await hive.push(new Event(topic));
      await eventually("it is done", () => done);
      await hive.whenIdle();
      assert.deepEqual([attempts, aborted], [[1], false]);
    },
  },
  {
    name: "a lost lease aborts the signal and discards the step",
    async run(subject) {
      const { leaseMs: lease, newName } = subject;
      const [a, b] = [newName(), newName()];
      const reasons: unknown[] = [];
      const attempts: number[] = [];
      const outputs: unknown[] = [];
      let lost = false;
      const provider = tampered(subject.provider, {
        async renew(given, leaseMs) {
          if (lost) return subject.provider.queues.renew(given, leaseMs);
          lost = true;
          return given.map(() => false);
        },
      });
      const worker = actor(
        `${a}-Loses`,
        async (_, { attempt, signal }) => {
          attempts.push(attempt);
          if (attempt === 1) {
            await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
            reasons.push(signal.reason);
          }
          return [new Event(b, attempt)];
        },
        { lease },
      );
      const reader = actor(`${b}-Reads`, (event) => void outputs.push(event.getBody()));
      await using hive = await running({ provider }, [worker, reader]);
      await hive.push(new Event(a));
      await eventually("the second attempt is through", () => outputs.length > 0);
      await hive.whenIdle();
      assert.equal(reasons.length, 1);
      assert.ok(isBeeHiveError(reasons[0], "LeaseLost"), String(reasons[0]));
      assert.deepEqual([attempts.slice(0, 2), outputs[0], outputs.includes(1)], [[1, 2], 2, false]);
      // Where a step is not atomic, its lease may end between its outputs and its commit.
      if (provider.capabilities.atomicStep) assert.equal(outputs.length, 1);
    },
  },
  {
    name: "failed renewals do not stop the work while the lease holds",
    async run(subject) {
      const { leaseMs: lease, newName } = subject;
      const topic = newName();
      let failures = 0;
      let done = 0;
      const provider = tampered(subject.provider, {
        async renew(given, leaseMs) {
          if (++failures <= 2) throw new BeeHiveError("Unavailable", "the network is down");
          return subject.provider.queues.renew(given, leaseMs);
        },
      });
      const slow = actor(`${topic}-Slow`, () => wait(1.8 * lease).then(() => void done++), { lease });
      await using hive = await running({ provider }, [slow]);
      await hive.push(new Event(topic));
      await eventually("it is done", () => done > 0);
      await hive.whenIdle();
      assert.equal(done, 1);
    },
  },
];
