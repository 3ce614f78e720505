import assert from "node:assert/strict";
import type { BlobBody, KeyValueStore } from "../../contract/stores.ts";
import { forEachOf, listOf, rejectsWith } from "./assertions.ts";
import type { ContractCase, ContractSubject } from "./contract.ts";
import { invalidKeys, invalidNames, keysInOrder, oddKeys } from "./odd-keys.ts";

function blobs({ provider, newName }: ContractSubject): KeyValueStore {
  return provider.stores.keyValue(newName());
}

async function textOf(store: KeyValueStore, key: string): Promise<string> {
  return Buffer.from((await store.get(key)).body).toString();
}

async function keysOf(store: KeyValueStore, prefix?: string): Promise<string[]> {
  return (await listOf(store.list(prefix))).map(({ key }) => key);
}

/** A megabyte in different chunks. */
async function* chunks(): AsyncGenerator<Uint8Array, void, undefined> {
  for (let n = 0; n < 16; n++) yield new Uint8Array(65_536).fill(n);
}

/** The contract of key-value stores. */
export const keyValueStoreContract: readonly ContractCase[] = [
  {
    name: "a blob reads whole, with its metadata",
    async run(subject) {
      const store = blobs(subject);
      const bytes = Uint8Array.from({ length: 256 }, (_, byte) => byte);
      const metadata = { Owner: "Zoë 🐝", "content-kind": "a/b; c=d", empty: "" };
      const before = Date.now();
      const stored = await store.insert("a", bytes, { metadata });
      const { body, lastModified, ...read } = await store.get("a");
      assert.deepEqual([...body], [...bytes]);
      assert.deepEqual(read, { key: "a", etag: stored.etag, metadata, size: 256 });
      assert.ok(stored.etag);
      assert.ok(Math.abs(lastModified.getTime() - before) < 60_000, "last modified is now");
      const { body: _, ...properties } = await store.get("a");
      assert.deepEqual(await store.properties("a"), properties);
    },
  },
  {
    name: "find returns the blob, or undefined where get throws NotFound",
    async run(subject) {
      const store = blobs(subject);
      await store.insert("a", "here");
      assert.equal(Buffer.from((await store.find("a"))?.body ?? "").toString(), "here");
      assert.equal(await store.find("b"), undefined);
      await rejectsWith("NotFound", () => store.get("b"));
    },
  },
  {
    name: "metadata other than texts is InvalidItem",
    async run(subject) {
      const store = blobs(subject);
      const unfit = [
        true,
        7,
        null,
        "text",
        ["a"],
        { a: 1 },
        { a: null },
        { a: undefined },
        { a: "\ud800" },
        { a: "\0" },
        { "\ud800": "a" },
      ];
      for (const metadata of unfit as unknown as readonly Record<string, string>[]) {
        await rejectsWith("InvalidItem", () => store.insert("a", "1", { metadata }));
        await rejectsWith("InvalidItem", () => store.upsert("a", "1", { metadata }));
      }
      assert.equal(await store.exists("a"), false);
    },
  },
  {
    name: "text is stored as UTF-8",
    async run(subject) {
      const store = blobs(subject);
      assert.equal((await store.upsert("a", "äöü 🐝")).size, 11);
      assert.equal(await textOf(store, "a"), "äöü 🐝");
    },
  },
  {
    name: "a stream of texts and bytes is stored as UTF-8",
    async run(subject) {
      const store = blobs(subject);
      async function* parts(): AsyncGenerator<string | Uint8Array, void, undefined> {
        yield "ä\ud83d";
        yield "\udc1d";
        yield Uint8Array.of(0x21);
      }
      assert.equal((await store.upsert("a", parts())).size, 7);
      assert.equal(await textOf(store, "a"), "ä🐝!");
    },
  },
  {
    name: "a body other than text or bytes is InvalidItem",
    async run(subject) {
      const store = blobs(subject);
      await store.upsert("a", "before");
      async function* half(): AsyncGenerator<unknown, void, undefined> {
        yield "a\ud83d";
      }
      async function* numbers(): AsyncGenerator<unknown, void, undefined> {
        yield "a";
        yield 1;
      }
      const bad = [null, 7, {}, new ArrayBuffer(2), new Blob(["a"]), Promise.resolve("a"), "\ud83d", half(), numbers()];
      for (const body of bad) await rejectsWith("InvalidItem", () => store.upsert("a", body as BlobBody));
      assert.equal(await textOf(store, "a"), "before");
    },
  },
  {
    name: "an etag that is no text is InvalidKey",
    async run(subject) {
      const store = blobs(subject);
      for (const etag of [true, 1, null, "\0"])
        await rejectsWith("InvalidKey", () => store.upsert("a", "x", { etag: etag as never }));
      await rejectsWith("InvalidKey", () => store.delete("a", { etag: true as never }));
      assert.equal(await store.exists("a"), false);
    },
  },
  {
    name: "an empty body is an empty blob without metadata",
    async run(subject) {
      const store = blobs(subject);
      await store.upsert("a", "");
      const { body, size, metadata } = await store.get("a");
      assert.deepEqual([body.length, size, { ...metadata }], [0, 0, {}]);
      assert.equal(await store.exists("a"), true);
    },
  },
  {
    name: "a large body streams in and out whole",
    async run(subject) {
      const store = blobs(subject);
      assert.equal((await store.upsert("large", chunks(), { metadata: { kind: "large" } })).size, 1_048_576);
      const { body, size, metadata } = await store.read("large");
      assert.deepEqual([size, { ...metadata }], [1_048_576, { kind: "large" }]);
      const read = Buffer.concat(await listOf(body));
      assert.equal(read.compare(Buffer.concat(await listOf(chunks()))), 0);
    },
  },
  {
    name: "a failing stream rejects and stores nothing",
    async run(subject) {
      const store = blobs(subject);
      async function* broken(): AsyncGenerator<Uint8Array, void, undefined> {
        yield Uint8Array.of(1);
        throw new Error("the source broke");
      }
      await assert.rejects(store.upsert("a", broken()), /the source broke/);
      assert.equal(await store.exists("a"), false);
    },
  },
  {
    name: "an unknown key is NotFound",
    async run(subject) {
      const store = blobs(subject);
      await rejectsWith("NotFound", () => store.get("none"));
      await rejectsWith("NotFound", () => store.read("none"));
      await rejectsWith("NotFound", () => store.properties("none"));
      await rejectsWith("NotFound", () => store.delete("none"));
      assert.equal(await store.exists("none"), false);
    },
  },
  {
    name: "an insert of a known key is AlreadyExists",
    async run(subject) {
      const store = blobs(subject);
      await store.insert("a", "first");
      await rejectsWith("AlreadyExists", () => store.insert("a", "second"));
      assert.equal(await textOf(store, "a"), "first");
    },
  },
  {
    name: "upsert replaces body, metadata and etag",
    async run(subject) {
      const store = blobs(subject);
      const first = await store.upsert("a", "first", { metadata: { one: "1" } });
      const second = await store.upsert("a", "second", { metadata: { two: "2" } });
      assert.notEqual(second.etag, first.etag);
      assert.deepEqual({ ...(await store.properties("a")).metadata }, { two: "2" });
      const third = await store.upsert("a", "second");
      assert.notEqual(third.etag, second.etag, "the same bytes again are another version");
      assert.deepEqual({ ...(await store.properties("a")).metadata }, {});
    },
  },
  {
    name: "a write and a delete over the current etag succeed",
    async run(subject) {
      const store = blobs(subject);
      const { etag } = await store.insert("a", "1");
      const second = await store.upsert("a", "2", { etag });
      assert.equal(await textOf(store, "a"), "2");
      await store.delete("a", { etag: second.etag });
      assert.equal(await store.exists("a"), false);
    },
  },
  {
    name: "a stale etag is ConcurrencyConflict and changes nothing",
    async run(subject) {
      const store = blobs(subject);
      const { etag } = await store.insert("a", "1");
      await store.upsert("a", "2");
      await rejectsWith("ConcurrencyConflict", () => store.upsert("a", "3", { etag }));
      await rejectsWith("ConcurrencyConflict", () => store.delete("a", { etag }));
      assert.equal(await textOf(store, "a"), "2");
      await store.delete("a");
      await rejectsWith("ConcurrencyConflict", () => store.upsert("a", "3", { etag }));
      await rejectsWith("ConcurrencyConflict", () => store.delete("a", { etag }));
      assert.equal(await store.exists("a"), false);
    },
  },
  {
    name: "one of many writes over one version succeeds",
    async run(subject) {
      const store = blobs(subject);
      const { etag } = await store.insert("a", "");
      const outcomes = await Promise.allSettled(
        Array.from({ length: 10 }, (_, n) => store.upsert("a", String(n), { etag })),
      );
      assert.equal(outcomes.filter(({ status }) => status === "fulfilled").length, 1);
    },
  },
  {
    name: "one of many inserts of one key succeeds",
    async run(subject) {
      const store = blobs(subject);
      const outcomes = await Promise.allSettled(Array.from({ length: 10 }, (_, n) => store.insert("a", String(n))));
      assert.equal(outcomes.filter(({ status }) => status === "fulfilled").length, 1);
    },
  },
  {
    name: "list yields the blobs of a prefix, in order, with properties",
    async run(subject) {
      const store = blobs(subject);
      const keys = ["a", "a/1", "a/2", "a/2/x", "a0", "b/1", "A/1"];
      await forEachOf(keys, (key) => store.upsert(key, key, { metadata: { key } }));
      assert.deepEqual(await keysOf(store, "a/"), ["a/1", "a/2", "a/2/x"]);
      assert.deepEqual(await keysOf(store, "a"), ["a", "a/1", "a/2", "a/2/x", "a0"]);
      assert.deepEqual(await keysOf(store, "c"), []);
      assert.deepEqual(await keysOf(store), ["A/1", "a", "a/1", "a/2", "a/2/x", "a0", "b/1"]);
      const [one] = await listOf(store.list("b/"));
      assert.deepEqual({ ...one }, { ...(await store.properties("b/1")) });
    },
  },
  {
    name: "list yields the blobs of many pages once, in order",
    async run(subject) {
      const store = blobs(subject);
      const keys = Array.from({ length: 450 }, (_, n) => `blob/${String(n).padStart(4, "0")}`);
      await forEachOf(keys.toReversed(), (key) => store.upsert(key, key));
      await store.upsert("zz", "after them");
      assert.deepEqual(await keysOf(store, "blob/"), keys);
    },
  },
  {
    name: "list goes in the order of code points",
    async run(subject) {
      const store = blobs(subject);
      await forEachOf(keysInOrder.toReversed(), (key) => store.upsert(key, key));
      assert.deepEqual(await keysOf(store), keysInOrder);
    },
  },
  {
    name: "odd keys are blobs of their own",
    async run(subject) {
      const store = blobs(subject);
      await forEachOf(oddKeys, (key) => store.insert(key, key));
      await forEachOf(oddKeys, async (key) => assert.equal(await textOf(store, key), key));
      assert.deepEqual((await keysOf(store)).sort(), oddKeys.toSorted());
      await forEachOf(oddKeys, (key) => store.delete(key));
      assert.deepEqual(await keysOf(store), []);
    },
  },
  {
    name: "invalid keys and names are InvalidKey",
    async run(subject) {
      const store = blobs(subject);
      for (const key of invalidKeys) {
        await rejectsWith("InvalidKey", () => store.get(key));
        await rejectsWith("InvalidKey", () => store.read(key));
        await rejectsWith("InvalidKey", () => store.properties(key));
        await rejectsWith("InvalidKey", () => store.insert(key, ""));
        await rejectsWith("InvalidKey", () => store.upsert(key, ""));
        await rejectsWith("InvalidKey", () => store.delete(key));
        await rejectsWith("InvalidKey", () => store.exists(key));
        if (key !== "") await rejectsWith("InvalidKey", () => listOf(store.list(key)));
      }
      for (const name of invalidNames)
        await rejectsWith("InvalidKey", async () => subject.provider.stores.keyValue(name).exists("a"));
    },
  },
];
