import assert from "node:assert/strict";
import type { Identified, KeyedListStore, Stored } from "../../contract/stores.ts";
import { forEachOf, listOf, rejectsWith } from "./assertions.ts";
import type { ContractCase, ContractSubject } from "./contract.ts";
import { invalidKeys, invalidNames, keysInOrder, oddKeys } from "./odd-keys.ts";

interface Item extends Identified {
  readonly id: string;
  readonly etag?: string;
  readonly text?: string;
}

const list = "Orders";

function lists({ provider, newName }: ContractSubject): KeyedListStore<Item> {
  return provider.stores.keyedList<Item>(newName());
}

const idsOf = async (items: AsyncIterable<Stored<Item>>): Promise<string[]> =>
  (await listOf(items)).map(({ id }) => id);
const numbered = (n: number): string => `item-${String(n).padStart(4, "0")}`;

/** The contract of keyed lists. */
export const keyedListStoreContract: readonly ContractCase[] = [
  {
    name: "an inserted item reads whole, with its etag",
    async run(subject) {
      const store = lists(subject);
      const added = await store.insert(list, "k", { id: "a", text: "日本 🐝" });
      assert.ok(added.etag);
      assert.deepEqual({ ...(await store.get(list, "k", "a")) }, { id: "a", text: "日本 🐝", etag: added.etag });
      assert.deepEqual(
        (await listOf(store.all(list, "k"))).map((item) => ({ ...item })),
        [{ ...added }],
      );
    },
  },
  {
    name: "lists of other names and keys keep their own items",
    async run(subject) {
      const store = lists(subject);
      const places = [
        ["Orders", "k"],
        ["Orders", "l"],
        ["Parcels", "k"],
      ] as const;
      for (const [name, key] of places) await store.insert(name, key, { id: "a", text: `${name} ${key}` });
      for (const [name, key] of places) assert.equal((await store.get(name, key, "a")).text, `${name} ${key}`);
      await store.delete("Orders", "k", "a");
      assert.deepEqual(await idsOf(store.all("Orders", "k")), []);
      assert.deepEqual(await idsOf(store.all("Orders", "l")), ["a"]);
      assert.deepEqual(await idsOf(store.all("Parcels", "k")), ["a"]);
    },
  },
  {
    name: "keys and ids that join to the same text stay apart",
    async run(subject) {
      const store = lists(subject);
      const places = [
        ["a", "b/c"],
        ["a/b", "c"],
        ["a-b", "c"],
        ["a", "b-c"],
        ["a:b", "c"],
        ["a", "b:c"],
        ["a|b", "c"],
        ["a", "b|c"],
      ] as const;
      for (const [key, id] of places) await store.insert(list, key, { id, text: `${key} ${id}` });
      for (const [key, id] of places) assert.equal((await store.get(list, key, id)).text, `${key} ${id}`);
      assert.deepEqual(await idsOf(store.all(list, "a")), ["b-c", "b/c", "b:c", "b|c"]);
    },
  },
  {
    name: "reads of no list or item: nothing, or NotFound",
    async run(subject) {
      const store = lists(subject);
      assert.deepEqual(await idsOf(store.all(list, "none")), []);
      assert.deepEqual(await idsOf(store.range(list, "none", {})), []);
      assert.deepEqual(
        [await store.listExists(list, "none"), await store.exists(list, "none", "a"), await store.listExists(list)],
        [false, false, false],
      );
      await rejectsWith("NotFound", () => store.get(list, "none", "a"));
      await rejectsWith("NotFound", () => store.update(list, "none", { id: "a" }));
      await rejectsWith("NotFound", () => store.delete(list, "none", "a"));
      await store.deleteList(list, "none");
    },
  },
  {
    name: "items, lists and names exist as long as they hold something",
    async run(subject) {
      const store = lists(subject);
      await store.insert(list, "k", { id: "a" });
      await store.insert(list, "l", { id: "a" });
      assert.deepEqual(
        [await store.listExists(list, "k"), await store.exists(list, "k", "a"), await store.listExists(list)],
        [true, true, true],
      );
      assert.deepEqual(
        [await store.listExists(list, "m"), await store.exists(list, "k", "b"), await store.listExists("Others")],
        [false, false, false],
      );
      await store.delete(list, "k", "a");
      assert.deepEqual([await store.listExists(list, "k"), await store.listExists(list)], [false, true]);
      await store.delete(list, "l", "a");
      assert.equal(await store.listExists(list), false);
    },
  },
  {
    name: "an insert of a known id is AlreadyExists",
    async run(subject) {
      const store = lists(subject);
      await store.insert(list, "k", { id: "a", text: "first" });
      await rejectsWith("AlreadyExists", () => store.insert(list, "k", { id: "a", text: "second" }));
      assert.equal((await store.get(list, "k", "a")).text, "first");
    },
  },
  {
    name: "find returns the item, or undefined where get throws NotFound",
    async run(subject) {
      const store = lists(subject);
      const inserted = await store.insert(list, "k", { id: "a" });
      assert.deepEqual({ ...(await store.find(list, "k", "a")) }, { ...inserted });
      for (const [key, id] of [
        ["k", "b"],
        ["l", "a"],
      ] as const)
        assert.equal(await store.find(list, key, id), undefined);
    },
  },
  {
    name: "insertIfAbsent inserts once and keeps the stored item",
    async run(subject) {
      const store = lists(subject);
      const first = await store.insertIfAbsent(list, "k", { id: "a", text: "first" });
      assert.equal(await store.insertIfAbsent(list, "k", { id: "a", text: "second" }), undefined);
      assert.deepEqual({ ...(await store.get(list, "k", "a")) }, { ...first });
    },
  },
  {
    name: "update and upsert replace the item over its version only",
    async run(subject) {
      const store = lists(subject);
      const first = await store.insert(list, "k", { id: "a", text: "1" });
      const second = await store.update(list, "k", { ...first, text: "2" });
      await rejectsWith("ConcurrencyConflict", () => store.update(list, "k", { ...first, text: "3" }));
      await rejectsWith("ConcurrencyConflict", () => store.upsert(list, "k", { ...first, text: "3" }));
      await rejectsWith("ConcurrencyConflict", () => store.delete(list, "k", first));
      assert.deepEqual({ ...(await store.get(list, "k", "a")) }, { ...second });
      await store.upsert(list, "k", { id: "a", text: "4" });
      await store.upsert(list, "k", { id: "b", text: "new" });
      assert.deepEqual(
        (await listOf(store.all(list, "k"))).map(({ text }) => text),
        ["4", "new"],
      );
    },
  },
  {
    name: "a stale etag of a deleted item is ConcurrencyConflict",
    async run(subject) {
      const store = lists(subject);
      const stale = await store.insert(list, "k", { id: "a" });
      await store.delete(list, "k", stale);
      await rejectsWith("ConcurrencyConflict", () => store.update(list, "k", stale));
      await rejectsWith("ConcurrencyConflict", () => store.upsert(list, "k", stale));
      await rejectsWith("ConcurrencyConflict", () => store.delete(list, "k", stale));
      assert.equal(await store.listExists(list, "k"), false);
    },
  },
  {
    name: "a list of many pages yields each item once, in order",
    async run(subject) {
      const store = lists(subject);
      const ids = Array.from({ length: 450 }, (_, n) => numbered(n));
      await forEachOf(ids.toReversed(), (id) => store.insert(list, "k", { id, text: id }));
      await store.insert(list, "l", { id: "of another key" });
      assert.deepEqual(await idsOf(store.all(list, "k")), ids);
      assert.deepEqual(
        await idsOf(store.range(list, "k", { from: numbered(7), to: numbered(440) })),
        ids.slice(7, 440),
      );
      await store.deleteList(list, "k");
      assert.deepEqual(await idsOf(store.all(list, "k")), []);
      assert.deepEqual([await store.listExists(list, "k"), await store.listExists(list, "l")], [false, true]);
    },
  },
  {
    name: "a range goes by code points, from inclusive, to exclusive",
    async run(subject) {
      const store = lists(subject);
      await forEachOf(keysInOrder.toReversed(), (id) => store.insert(list, "k", { id }));
      assert.deepEqual(await idsOf(store.all(list, "k")), keysInOrder);
      assert.deepEqual(await idsOf(store.range(list, "k", { from: "a", to: "b" })), ["a", "a!", "a/", "a0", "aa"]);
      assert.deepEqual(await idsOf(store.range(list, "k", { from: "\uFF5E" })), ["\uFF5E", "🐝"]);
    },
  },
  {
    name: "odd ids and keys are items of their own",
    async run(subject) {
      const store = lists(subject);
      await forEachOf(oddKeys, (odd) => store.insert(list, odd, { id: odd, text: odd }));
      await forEachOf(oddKeys, async (odd) => {
        assert.deepEqual(
          (await listOf(store.all(list, odd))).map(({ id, text }) => [id, text]),
          [[odd, odd]],
        );
        assert.equal(await store.exists(list, odd, odd), true);
        await store.delete(list, odd, odd);
        assert.equal(await store.listExists(list, odd), false);
      });
      await forEachOf(oddKeys, (odd) => store.insert(list, "k", { id: odd }));
      assert.deepEqual((await idsOf(store.all(list, "k"))).sort(), oddKeys.toSorted());
    },
  },
  {
    name: "invalid ids, keys and names are InvalidKey",
    async run(subject) {
      const store = lists(subject);
      for (const bad of invalidKeys) {
        await rejectsWith("InvalidKey", () => store.insert(list, "k", { id: bad }));
        await rejectsWith("InvalidKey", () => store.insert(list, bad, { id: "a" }));
        await rejectsWith("InvalidKey", () => store.get(list, bad, "a"));
        await rejectsWith("InvalidKey", () => store.delete(list, "k", bad));
        await rejectsWith("InvalidKey", () => store.exists(list, "k", bad));
        await rejectsWith("InvalidKey", async () => listOf(store.all(list, bad)));
      }
      for (const bad of invalidNames) {
        await rejectsWith("InvalidKey", () => store.insert(bad, "k", { id: "a" }));
        await rejectsWith("InvalidKey", () => store.listExists(bad));
        await rejectsWith("InvalidKey", async () => subject.provider.stores.keyedList(bad).listExists(list, "k"));
      }
      assert.equal(await store.listExists(list), false);
    },
  },
];
