import assert from "node:assert/strict";
import type { CollectionStore, Identified, Stored } from "../../contract/stores.ts";
import { forEachOf, listOf, rejectsWith } from "./assertions.ts";
import type { ContractCase, ContractSubject } from "./contract.ts";
import { invalidKeys, invalidNames, keysInOrder, oddKeys } from "./odd-keys.ts";

interface Item extends Identified {
  readonly id: string;
  readonly etag?: string;
  readonly text?: string;
  readonly more?: unknown;
}

function collection({ provider, newName }: ContractSubject): CollectionStore<Item> {
  return provider.stores.collection<Item>(newName());
}

const idsOf = async (items: AsyncIterable<Stored<Item>>): Promise<string[]> =>
  (await listOf(items)).map(({ id }) => id);
const numbered = (n: number): string => `item-${String(n).padStart(4, "0")}`;

/** What every collection does. */
export const collectionStoreContract: readonly ContractCase[] = [
  {
    name: "given an item that was inserted, when it is read, then it is whole and has the etag that the insert answered",
    async run(subject) {
      const store = collection(subject);
      const more = {
        nested: { list: [1, "zwei", null, { deep: true }] },
        text: '日本 🐝 " \\ \u0001',
        number: -1.5e300,
        empty: {},
        none: [],
      };
      const inserted = await store.insert({ id: "a", text: "", more });
      assert.ok(inserted.etag, "an insert answers an etag");
      assert.deepEqual({ ...inserted }, { id: "a", text: "", more, etag: inserted.etag });
      assert.deepEqual({ ...(await store.get("a")) }, { ...inserted });
    },
  },
  {
    name: "given an item with fields of many kinds and names, when it is read, then no name is taken for the store's own",
    async run(subject) {
      const store = collection(subject);
      const item = {
        id: "a",
        PartitionKey: "p",
        RowKey: 1,
        partitionKey: "q",
        value: "v",
        version: 7,
        ttl: 1,
        timestamp: "t",
        expires: 1,
        Etag: "x",
      };
      await store.insert(item);
      const { etag: _, ...rest } = await store.get("a");
      assert.deepEqual(rest, item);
    },
  },
  {
    name: "given a large item, when it is read, then it is whole",
    async run(subject) {
      const store = collection(subject);
      const text = "0123456789äöü🐝".repeat(9_000);
      await store.insert({ id: "large", text });
      assert.equal((await store.get("large")).text, text);
    },
  },
  {
    name: "given an item that is returned, when the caller changes it, then the store does not",
    async run(subject) {
      const store = collection(subject);
      const list = [1];
      await store.insert({ id: "a", more: list });
      list.push(2);
      ((await store.get("a")).more as number[]).push(3);
      assert.deepEqual((await store.get("a")).more, [1]);
    },
  },
  {
    name: "given no item of that id, when it is read, updated or deleted, then NotFound",
    async run(subject) {
      const store = collection(subject);
      await store.insert({ id: "another" });
      await rejectsWith("NotFound", () => store.get("none"));
      await rejectsWith("NotFound", () => store.update({ id: "none" }));
      await rejectsWith("NotFound", () => store.delete("none"));
      await rejectsWith("NotFound", () => store.delete({ id: "none" }));
      assert.equal(await store.exists("none"), false);
    },
  },
  {
    name: "given an item, when one of its id is inserted, then AlreadyExists and the first is unchanged",
    async run(subject) {
      const store = collection(subject);
      const first = await store.insert({ id: "a", text: "first" });
      await rejectsWith("AlreadyExists", () => store.insert({ id: "a", text: "second" }));
      await rejectsWith("AlreadyExists", () => store.insert({ ...first, text: "second" }));
      assert.equal((await store.get("a")).text, "first");
    },
  },
  {
    name: "find returns the item, or undefined where get throws NotFound",
    async run(subject) {
      const store = collection(subject);
      const inserted = await store.insert({ id: "a", text: "here" });
      assert.deepEqual({ ...(await store.find("a")) }, { ...inserted });
      assert.equal(await store.find("b"), undefined);
      await rejectsWith("NotFound", () => store.get("b"));
    },
  },
  {
    name: "insertIfAbsent inserts once and leaves the item that is there",
    async run(subject) {
      const store = collection(subject);
      const first = await store.insertIfAbsent({ id: "a", text: "first" });
      assert.deepEqual({ ...(await store.get("a")) }, { ...first });
      assert.equal(await store.insertIfAbsent({ id: "a", text: "second" }), undefined);
      assert.equal(await store.insertIfAbsent({ id: "a", etag: String(first?.etag), text: "third" }), undefined);
      assert.deepEqual({ ...(await store.get("a")) }, { ...first });
    },
  },
  {
    name: "given many inserts of one id at once, when they are done, then exactly one succeeded",
    async run(subject) {
      const store = collection(subject);
      const inserts = Array.from({ length: 10 }, (_, n) => store.insert({ id: "a", text: String(n) }));
      const outcomes = await Promise.allSettled(inserts);
      const [winner, ...others] = outcomes.filter(({ status }) => status === "fulfilled");
      assert.ok(winner && others.length === 0, `${others.length + 1} inserts succeeded`);
      await Promise.all(
        inserts.map((insert, n) => (outcomes[n] === winner ? insert : rejectsWith("AlreadyExists", () => insert))),
      );
    },
  },
  {
    name: "given an item, when it is updated with the etag that was read, then it changes and so does the etag",
    async run(subject) {
      const store = collection(subject);
      const read = await store.insert({ id: "a", text: "1", more: "dropped" });
      const updated = await store.update({ id: "a", etag: read.etag, text: "2" });
      assert.notEqual(updated.etag, read.etag);
      assert.deepEqual({ ...(await store.get("a")) }, { id: "a", text: "2", etag: updated.etag });
    },
  },
  {
    name: "given an item that others changed, when it is written or deleted with the etag that was read, then ConcurrencyConflict and nothing changes",
    async run(subject) {
      const store = collection(subject);
      const stale = await store.insert({ id: "a", text: "1" });
      const current = await store.update({ ...stale, text: "2" });
      await rejectsWith("ConcurrencyConflict", () => store.update({ ...stale, text: "3" }));
      await rejectsWith("ConcurrencyConflict", () => store.upsert({ ...stale, text: "3" }));
      await rejectsWith("ConcurrencyConflict", () => store.delete(stale));
      assert.deepEqual({ ...(await store.get("a")) }, { ...current });
    },
  },
  {
    name: "given an item that others deleted, when it is written or deleted with the etag that was read, then ConcurrencyConflict and it stays deleted",
    async run(subject) {
      const store = collection(subject);
      const stale = await store.insert({ id: "a" });
      await store.delete("a");
      await rejectsWith("ConcurrencyConflict", () => store.update(stale));
      await rejectsWith("ConcurrencyConflict", () => store.upsert(stale));
      await rejectsWith("ConcurrencyConflict", () => store.delete(stale));
      assert.equal(await store.exists("a"), false);
    },
  },
  {
    name: "given an item deleted and inserted again as it was, when it is updated with the etag of its first life, then ConcurrencyConflict",
    async run(subject) {
      const store = collection(subject);
      const first = await store.insert({ id: "a", text: "same" });
      await store.delete(first);
      await store.insert({ id: "a", text: "same" });
      await rejectsWith("ConcurrencyConflict", () => store.update(first));
    },
  },
  {
    name: "given an etag that was never given out, when an item is written with it, then ConcurrencyConflict",
    async run(subject) {
      const store = collection(subject);
      await store.insert({ id: "a" });
      await rejectsWith("ConcurrencyConflict", () => store.update({ id: "a", etag: 'made "up"' }));
    },
  },
  {
    name: "given many updates of one read at once, when they are done, then exactly one succeeded",
    async run(subject) {
      const store = collection(subject);
      const read = await store.insert({ id: "a", text: "" });
      const outcomes = await Promise.allSettled(
        Array.from({ length: 10 }, (_, n) => store.update({ ...read, text: String(n) })),
      );
      assert.equal(outcomes.filter(({ status }) => status === "fulfilled").length, 1);
    },
  },
  {
    name: "given items without etags, when they are written, then the last writer wins",
    async run(subject) {
      const store = collection(subject);
      await store.upsert({ id: "a", text: "1" });
      await store.update({ id: "a", text: "2" });
      assert.equal((await store.get("a")).text, "2");
      await store.upsert({ id: "a", text: "3" });
      assert.equal((await store.get("a")).text, "3");
    },
  },
  {
    name: "given an item, when it is deleted by id or as it was read, then it is gone",
    async run(subject) {
      const store = collection(subject);
      await store.insert({ id: "a" });
      const b = await store.insert({ id: "b" });
      assert.equal(await store.exists("a"), true);
      await store.delete("a");
      await store.delete(b);
      assert.deepEqual([await store.exists("a"), await store.exists("b")], [false, false]);
      assert.deepEqual(await idsOf(store.all()), []);
    },
  },
  {
    name: "given more items than any page holds, when all are read, then each is there once, in order, whole",
    async run(subject) {
      const store = collection(subject);
      const ids = Array.from({ length: 450 }, (_, n) => numbered(n));
      await forEachOf(ids.toReversed(), (id) => store.insert({ id, text: id }));
      const all = await listOf(store.all());
      assert.deepEqual(
        all.map(({ id }) => id),
        ids,
      );
      assert.ok(all.every(({ id, text, etag }) => text === id && etag));
      assert.deepEqual(await idsOf(store.range({ from: numbered(100), to: numbered(420) })), ids.slice(100, 420));
    },
  },
  {
    name: "given an iteration that is left early, when the store is used again, then it works",
    async run(subject) {
      const store = collection(subject);
      await forEachOf(["a", "b", "c"], (id) => store.insert({ id }));
      for await (const { id } of store.all()) {
        assert.equal(id, "a");
        break;
      }
      assert.deepEqual(await idsOf(store.all()), ["a", "b", "c"]);
    },
  },
  {
    name: "given ids of many scripts, when all are read, then they come in the order of their code points",
    async run(subject) {
      const store = collection(subject);
      await forEachOf(keysInOrder.toReversed(), (id) => store.insert({ id }));
      assert.deepEqual(await idsOf(store.all()), keysInOrder);
    },
  },
  {
    name: "given bounds, when a range is read, then the lower is part of it and the upper is not",
    async run(subject) {
      const store = collection(subject);
      await forEachOf(keysInOrder, (id) => store.insert({ id }));
      const between = (from: string, to: string): readonly string[] =>
        keysInOrder.slice(keysInOrder.indexOf(from), keysInOrder.indexOf(to));
      assert.deepEqual(await idsOf(store.range({ from: "9", to: "b" })), between("9", "b"));
      assert.deepEqual(await idsOf(store.range({ from: "a" })), keysInOrder.slice(keysInOrder.indexOf("a")));
      assert.deepEqual(await idsOf(store.range({ to: "a" })), between(" ", "a"));
      assert.deepEqual(await idsOf(store.range({ from: "aab", to: "aac" })), []);
      assert.deepEqual(await idsOf(store.range({ from: "z", to: "a" })), []);
      assert.deepEqual(await idsOf(store.range({ from: "a", to: "a" })), []);
      assert.deepEqual(await idsOf(store.range()), keysInOrder);
    },
  },
  {
    name: "given bounds that are no text, when a range is read, then InvalidKey",
    async run(subject) {
      const store = collection(subject);
      await store.insert({ id: "a" });
      for (const bound of [true, 7, null, {}, [], "a\0", "\ud800"] as unknown as readonly string[]) {
        await rejectsWith("InvalidKey", () => idsOf(store.range({ from: bound })));
        await rejectsWith("InvalidKey", () => idsOf(store.range({ to: bound })));
      }
      assert.deepEqual(await idsOf(store.range({ from: "", to: "\uffff".repeat(300) })), ["a"]);
      assert.deepEqual(await idsOf(store.range({ from: undefined, to: undefined })), ["a"]);
    },
  },
  {
    name: "given ids with odd characters, when items are written, read, listed and deleted, then each is its own",
    async run(subject) {
      const store = collection(subject);
      await forEachOf(oddKeys, (id) => store.insert({ id, text: id }));
      await forEachOf(oddKeys, async (id) => {
        assert.equal((await store.get(id)).text, id);
        assert.equal(await store.exists(id), true);
      });
      assert.deepEqual((await idsOf(store.all())).sort(), oddKeys.toSorted());
      await forEachOf(oddKeys, (id) => store.delete(id));
      assert.deepEqual(await idsOf(store.all()), []);
    },
  },
  {
    name: "given an item that is not JSON, when it is stored, then InvalidItem, the item is named and what was there is as it was",
    async run({ provider, newName }) {
      const store = provider.stores.collection<{ readonly id: string; readonly count: bigint | number }>(newName());
      await store.insert({ id: "a", count: 1 });
      const error = await rejectsWith("InvalidItem", () => store.upsert({ id: "a", count: 1n }));
      assert.match(error.message, /"a" in .* is not JSON/);
      assert.equal((await store.get("a")).count, 1);
    },
  },
  {
    name: "given a bound or an etag that is no text, when it is used, then InvalidKey and nothing is read",
    async run(subject) {
      const store = collection(subject);
      await store.insert({ id: "a" });
      for (const bad of [true, 1, null, {}, "a\0", "\ud800"] as never[]) {
        await rejectsWith("InvalidKey", () => listOf(store.range({ from: bad })));
        await rejectsWith("InvalidKey", () => listOf(store.range({ to: bad })));
        await rejectsWith("InvalidKey", () => store.update({ id: "a", etag: bad }));
        await rejectsWith("InvalidKey", () => store.delete({ id: "a", etag: bad }));
      }
      assert.equal(await store.exists("a"), true);
    },
  },
  {
    name: "given an item with what JSON keeps nothing of, when it is stored, then InvalidItem says where",
    async run(subject) {
      const store = subject.provider.stores.collection<{ id: string; content: unknown }>(subject.newName());
      for (const content of [Uint8Array.of(1), new ArrayBuffer(1), new Map([["a", 1]]), Promise.resolve(1)]) {
        const { message } = await rejectsWith("InvalidItem", () => store.upsert({ id: "a", content: [content] }));
        assert.match(message, /at "content\.0"/);
      }
      assert.equal(await store.exists("a"), false);
    },
  },
  {
    name: "given what cannot be an id, when it is used, then InvalidKey and nothing is stored",
    async run(subject) {
      const store = collection(subject);
      for (const id of invalidKeys) {
        await rejectsWith("InvalidKey", () => store.insert({ id }));
        await rejectsWith("InvalidKey", () => store.update({ id }));
        await rejectsWith("InvalidKey", () => store.upsert({ id }));
        await rejectsWith("InvalidKey", () => store.get(id));
        await rejectsWith("InvalidKey", () => store.exists(id));
        await rejectsWith("InvalidKey", () => store.delete(id));
      }
      await rejectsWith("InvalidKey", () => store.insert({} as Item));
      await rejectsWith("InvalidKey", () => store.insert({ id: 7 } as unknown as Item));
      assert.deepEqual(await idsOf(store.all()), []);
    },
  },
  {
    name: "given what cannot be the name of a collection, when it is used, then InvalidKey",
    async run({ provider: { stores } }) {
      for (const name of invalidNames) await rejectsWith("InvalidKey", async () => stores.collection(name).get("a"));
    },
  },
  {
    name: "given two collections, when both have an item of one id, then they are two items; the same name is the same collection",
    async run({ provider: { stores }, newName }) {
      const [one, two] = [newName(), newName()];
      await stores.collection<Item>(one).insert({ id: "a", text: "1" });
      await stores.collection<Item>(two).insert({ id: "a", text: "2" });
      assert.equal((await stores.collection<Item>(one).get("a")).text, "1");
      assert.equal((await stores.collection<Item>(two).get("a")).text, "2");
      assert.deepEqual(
        await idsOf(stores.keyedList<Item>(one).all("AnyList", "a")),
        [],
        "a keyed list of that name is another store",
      );
    },
  },
];
