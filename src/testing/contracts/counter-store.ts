import assert from "node:assert/strict";
import { isBeeHiveError } from "../../base/errors.ts";
import { rejectsWith } from "./assertions.ts";
import type { ContractCase } from "./contract.ts";
import { invalidKeys, invalidNames, oddKeys } from "./odd-keys.ts";

/** The contract of counters. */
export const counterStoreContract: readonly ContractCase[] = [
  {
    name: "a new counter is 0",
    async run({ provider: { stores }, newName }) {
      assert.equal(await stores.counters.get(newName(), "a"), 0);
    },
  },
  {
    name: "increment returns and keeps the new value",
    async run({ provider: { stores }, newName }) {
      const name = newName();
      assert.equal(await stores.counters.increment(name, "a", 5), 5);
      assert.equal(await stores.counters.increment(name, "a", -7), -2);
      assert.equal(await stores.counters.increment(name, "a", 0), -2);
      assert.equal(await stores.counters.get(name, "a"), -2);
    },
  },
  {
    name: "counters of other names and ids stay",
    async run({ provider: { stores }, newName }) {
      const [name, other] = [newName(), newName()];
      await stores.counters.increment(name, "a", 1);
      await stores.counters.increment(name, "b", 2);
      await stores.counters.increment(other, "a", 3);
      assert.deepEqual(
        [
          await stores.counters.get(name, "a"),
          await stores.counters.get(name, "b"),
          await stores.counters.get(other, "a"),
        ],
        [1, 2, 3],
      );
    },
  },
  {
    name: "concurrent increments are all counted",
    async run({ provider: { stores }, newName }) {
      const name = newName();
      const answers = await Promise.all(Array.from({ length: 30 }, () => stores.counters.increment(name, "a", 2)));
      assert.equal(await stores.counters.get(name, "a"), 60);
      assert.equal(new Set(answers).size, 30);
    },
  },
  {
    name: "a minimum of 0 lets exactly 20 of 50 take from 20",
    async run({ provider: { stores }, newName }) {
      const name = newName();
      await stores.counters.increment(name, "stock", 20);
      const takes = await Promise.allSettled(
        Array.from({ length: 50 }, () => stores.counters.increment(name, "stock", -1, { min: 0 })),
      );
      const refused = takes.flatMap((take) => (take.status === "rejected" ? [take.reason as unknown] : []));
      assert.equal(takes.length - refused.length, 20);
      assert.ok(
        refused.every((reason) => isBeeHiveError(reason, "BelowMinimum")),
        String(refused.find((reason) => !isBeeHiveError(reason, "BelowMinimum"))),
      );
      assert.equal(await stores.counters.get(name, "stock"), 0);
    },
  },
  {
    name: "an increment below min is BelowMinimum, one to min is not",
    async run({ provider: { stores }, newName }) {
      const name = newName();
      await rejectsWith("BelowMinimum", () => stores.counters.increment(name, "a", -1, { min: 0 }));
      assert.equal(await stores.counters.get(name, "a"), 0);
      await stores.counters.increment(name, "a", 3);
      await rejectsWith("BelowMinimum", () => stores.counters.increment(name, "a", -4, { min: 0 }));
      assert.equal(await stores.counters.increment(name, "a", -3, { min: 0 }), 0);
      assert.equal(await stores.counters.increment(name, "a", -5, { min: -5 }), -5);
    },
  },
  {
    name: "a min that is no whole number is InvalidKey",
    async run({ provider: { stores }, newName }) {
      const name = newName();
      const none = [Number.NaN, Infinity, 0.5, 2 ** 53, "5", "", null, true] as unknown as readonly number[];
      for (const min of none)
        for (const once of [undefined, "event-1"]) {
          const error = await rejectsWith("InvalidKey", () => stores.counters.increment(name, "a", -5, { min, once }));
          assert.match(error.message, /"a" cannot be changed: its min must be a whole number, not /);
        }
      for (const delta of ["5", null, undefined, true] as unknown as readonly number[])
        await rejectsWith("InvalidKey", () => stores.counters.increment(name, "a", delta));
      assert.equal(await stores.counters.get(name, "a"), 0);
      assert.equal(await stores.counters.increment(name, "a", -5, { min: undefined, once: "event-1" }), -5);
      assert.equal(await stores.counters.increment(name, "a", -5, { min: -Infinity }), -10);
    },
  },
  {
    name: "a repeated key changes nothing and returns the same",
    async run({ provider: { stores }, newName }) {
      const name = newName();
      assert.equal(await stores.counters.increment(name, "a", 5, { once: "event-1" }), 5);
      assert.equal(await stores.counters.increment(name, "a", 2, { once: "event-2" }), 7);
      assert.equal(await stores.counters.increment(name, "a", 5, { once: "event-1" }), 5);
      assert.equal(await stores.counters.get(name, "a"), 7);
    },
  },
  {
    name: "a refused increment is refused again under its key",
    async run({ provider: { stores }, newName }) {
      const name = newName();
      await rejectsWith("BelowMinimum", () => stores.counters.increment(name, "a", -1, { min: 0, once: "event-1" }));
      await stores.counters.increment(name, "a", 10);
      await rejectsWith("BelowMinimum", () => stores.counters.increment(name, "a", -1, { min: 0, once: "event-1" }));
      assert.equal(await stores.counters.increment(name, "a", -1, { min: 0, once: "event-2" }), 9);
    },
  },
  {
    name: "one key counts once under concurrency",
    async run({ provider: { stores }, newName }) {
      const name = newName();
      const answers = await Promise.all(
        Array.from({ length: 10 }, () => stores.counters.increment(name, "a", 3, { once: "event-1" })),
      );
      assert.deepEqual(new Set(answers), new Set([3]));
      assert.equal(await stores.counters.get(name, "a"), 3);
    },
  },
  {
    name: "many keys, each twice, count once each",
    async run({ provider: { stores }, newName }) {
      const name = newName();
      await Promise.all(
        Array.from({ length: 30 }, (_, n) =>
          stores.counters.increment(name, "a", 1, { once: `event-${n >> 1}`, min: 0 }),
        ),
      );
      assert.equal(await stores.counters.get(name, "a"), 15);
    },
  },
  {
    name: "a key belongs to one counter",
    async run({ provider: { stores }, newName }) {
      const [name, other] = [newName(), newName()];
      // A number of its own for each: the kept result of one counter must not serve another.
      for (const [one, id, delta] of [
        [name, "a", 1],
        [name, "b", 2],
        [other, "a", 3],
      ] as const) {
        assert.equal(await stores.counters.increment(one, id, delta, { once: "event-1" }), delta);
        assert.equal(await stores.counters.get(one, id), delta);
      }
    },
  },
  {
    name: "large numbers are exact; unsafe integers are InvalidKey",
    async run({ provider: { stores }, newName }) {
      const name = newName();
      const largest = Number.MAX_SAFE_INTEGER;
      assert.equal(await stores.counters.increment(name, "a", largest), largest);
      await rejectsWith("InvalidKey", () => stores.counters.increment(name, "a", 1));
      assert.equal(await stores.counters.increment(name, "a", -1), largest - 1);
      for (const delta of [0.5, Number.NaN, Infinity, 2 ** 53])
        await rejectsWith("InvalidKey", () => stores.counters.increment(name, "b", delta));
      assert.equal(await stores.counters.get(name, "b"), 0);
    },
  },
  {
    name: "odd ids and keys are counters of their own",
    async run({ provider: { stores }, newName }) {
      const name = newName();
      for (const [n, odd] of oddKeys.entries()) await stores.counters.increment(name, odd, n + 1, { once: odd });
      for (const [n, odd] of oddKeys.entries()) {
        assert.equal(await stores.counters.increment(name, odd, 1_000, { once: odd }), n + 1);
        assert.equal(await stores.counters.get(name, odd), n + 1);
      }
    },
  },
  {
    name: "invalid names, ids and keys are InvalidKey",
    async run({ provider: { stores }, newName }) {
      const name = newName();
      for (const bad of invalidKeys) {
        await rejectsWith("InvalidKey", () => stores.counters.get(name, bad));
        await rejectsWith("InvalidKey", () => stores.counters.increment(name, bad, 1));
        await rejectsWith("InvalidKey", () => stores.counters.increment(name, "a", 1, { once: bad }));
      }
      for (const bad of invalidNames) await rejectsWith("InvalidKey", () => stores.counters.increment(bad, "a", 1));
      assert.equal(await stores.counters.get(name, "a"), 0);
    },
  },
];
