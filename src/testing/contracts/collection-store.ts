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

/** The contract of collections. */
export const collectionStoreContract: readonly ContractCase[] = [
  {
    name: "an inserted item reads whole, with the etag of the insert",
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
      assert.ok(inserted.etag, "an insert returns an etag");
      assert.deepEqual({ ...inserted }, { id: "a", text: "", more, etag: inserted.etag });
      assert.deepEqual({ ...(await store.get("a")) }, { ...inserted });
    },
  },
  {
    name: "field names of an item do not collide with the store's",
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
    name: "a large item reads whole",
    async run(subject) {
      const store = collection(subject);
      const text = "0123456789äöü🐝".repeat(9_000);
      await store.insert({ id: "large", text });
      assert.equal((await store.get("large")).text, text);
    },
  },
  {
    name: "a returned item is a copy",
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
    name: "reads and writes of an unknown id are NotFound",
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
    name: "an insert of a known id is AlreadyExists",
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
    name: "insertIfAbsent inserts once and keeps the stored item",
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
    name: "one of many inserts of one id succeeds",
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
    name: "an update with the current etag changes item and etag",
    async run(subject) {
      const store = collection(subject);
      const read = await store.insert({ id: "a", text: "1", more: "dropped" });
      const updated = await store.update({ id: "a", etag: read.etag, text: "2" });
      assert.notEqual(updated.etag, read.etag);
      assert.deepEqual({ ...(await store.get("a")) }, { id: "a", text: "2", etag: updated.etag });
    },
  },
  {
    name: "a stale etag is ConcurrencyConflict and changes nothing",
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
    name: "a stale etag of a deleted item is ConcurrencyConflict",
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
    name: "an item inserted again has another etag",
    async run(subject) {
      const store = collection(subject);
      const first = await store.insert({ id: "a", text: "same" });
      await store.delete(first);
      await store.insert({ id: "a", text: "same" });
      await rejectsWith("ConcurrencyConflict", () => store.update(first));
    },
  },
  {
    name: "an unknown etag is ConcurrencyConflict",
    async run(subject) {
      const store = collection(subject);
      await store.insert({ id: "a" });
      await rejectsWith("ConcurrencyConflict", () => store.update({ id: "a", etag: 'made "up"' }));
    },
  },
  {
    name: "one of many updates of one version succeeds",
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
    name: "without etags the last writer wins",
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
    name: "delete removes by id and by item",
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
    name: "all yields the items of many pages once, in order",
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
    name: "an iteration may end early",
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
    name: "items come in the order of code points",
    async run(subject) {
      const store = collection(subject);
      await forEachOf(keysInOrder.toReversed(), (id) => store.insert({ id }));
      assert.deepEqual(await idsOf(store.all()), keysInOrder);
    },
  },
  {
    name: "a range includes from and excludes to",
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
    name: "a bound that is no text is InvalidKey",
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
    name: "odd ids are items of their own",
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
    name: "an item that is not JSON is InvalidItem and changes nothing",
    async run({ provider, newName }) {
      const store = provider.stores.collection<{ readonly id: string; readonly count: bigint | number }>(newName());
      await store.insert({ id: "a", count: 1 });
      const error = await rejectsWith("InvalidItem", () => store.upsert({ id: "a", count: 1n }));
      assert.match(error.message, /"a" in .* is not JSON/);
      assert.equal((await store.get("a")).count, 1);
    },
  },
  {
    name: "a bound or an etag that is no text reads nothing",
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
    name: "an item that JSON would lose is InvalidItem, with the place",
    async run(subject) {
      const store = subject.provider.stores.collection<{ id: string; content: unknown }>(subject.newName());
      const lost = [Uint8Array.of(1), new ArrayBuffer(1), new Map([["a", 1]]), Promise.resolve(1), Number.NaN];
      for (const content of [...lost, new Date(Number.NaN)]) {
        const { message } = await rejectsWith("InvalidItem", () => store.upsert({ id: "a", content: [content] }));
        assert.match(message, /at "content\.0"/);
      }
      assert.equal(await store.exists("a"), false);
    },
  },
  {
    name: "invalid ids are InvalidKey and store nothing",
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
    name: "invalid names of collections are InvalidKey",
    async run({ provider: { stores } }) {
      for (const name of invalidNames) await rejectsWith("InvalidKey", async () => stores.collection(name).get("a"));
    },
  },
  {
    name: "the name of a collection identifies it",
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
