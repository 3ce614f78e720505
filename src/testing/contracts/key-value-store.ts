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

/** A megabyte in chunks that are all different. */
async function* chunks(): AsyncGenerator<Uint8Array, void, undefined> {
  for (let n = 0; n < 16; n++) yield new Uint8Array(65_536).fill(n);
}

/** What every key-value store does. */
export const keyValueStoreContract: readonly ContractCase[] = [
  {
    name: "given bytes and metadata, when they are stored, then they are read whole, with what is said of them",
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
    name: "metadata that are no texts are InvalidItem, and nothing is stored",
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
    name: "given text, when it is stored, then it is its UTF-8 bytes",
    async run(subject) {
      const store = blobs(subject);
      assert.equal((await store.upsert("a", "äöü 🐝")).size, 11);
      assert.equal(await textOf(store, "a"), "äöü 🐝");
    },
  },
  {
    name: "given a stream of texts and bytes, when it is stored, then texts are UTF-8, also when a character is cut",
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
    name: "given what is neither text nor bytes, when it is stored, then InvalidItem and the blob is as it was",
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
    name: "etags that are no texts are InvalidKey, and nothing is stored",
    async run(subject) {
      const store = blobs(subject);
      for (const etag of [true, 1, null, "\0"])
        await rejectsWith("InvalidKey", () => store.upsert("a", "x", { etag: etag as never }));
      await rejectsWith("InvalidKey", () => store.delete("a", { etag: true as never }));
      assert.equal(await store.exists("a"), false);
    },
  },
  {
    name: "given nothing, when it is stored, then it is an empty blob without metadata",
    async run(subject) {
      const store = blobs(subject);
      await store.upsert("a", "");
      const { body, size, metadata } = await store.get("a");
      assert.deepEqual([body.length, size, { ...metadata }], [0, 0, {}]);
      assert.equal(await store.exists("a"), true);
    },
  },
  {
    name: "given a large body as a stream, when it is stored and read as a stream, then it is whole",
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
    name: "given a stream that fails, when it is stored, then the failure is told and nothing is stored",
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
    name: "given no blob of that key, when it is read or deleted, then NotFound",
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
    name: "given a blob, when one of its key is inserted, then AlreadyExists and the first is unchanged",
    async run(subject) {
      const store = blobs(subject);
      await store.insert("a", "first");
      await rejectsWith("AlreadyExists", () => store.insert("a", "second"));
      assert.equal(await textOf(store, "a"), "first");
    },
  },
  {
    name: "given a blob, when it is upserted, then body and metadata are replaced and the etag is another",
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
    name: "given the etag of the version that is there, when a blob is written or deleted over it, then it is done",
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
    name: "given a stale etag, when a blob is written or deleted over it, then ConcurrencyConflict and nothing changes",
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
    name: "given many writes over one version at once, when they are done, then exactly one succeeded",
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
    name: "given many inserts of one key at once, when they are done, then exactly one succeeded",
    async run(subject) {
      const store = blobs(subject);
      const outcomes = await Promise.allSettled(Array.from({ length: 10 }, (_, n) => store.insert("a", String(n))));
      assert.equal(outcomes.filter(({ status }) => status === "fulfilled").length, 1);
    },
  },
  {
    name: "given blobs under several prefixes, when one is listed, then what starts with it comes in order, with its properties",
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
    name: "given more blobs than any page holds, when they are listed, then each is there once, in order",
    async run(subject) {
      const store = blobs(subject);
      const keys = Array.from({ length: 450 }, (_, n) => `blob/${String(n).padStart(4, "0")}`);
      await forEachOf(keys.toReversed(), (key) => store.upsert(key, key));
      await store.upsert("zz", "after them");
      assert.deepEqual(await keysOf(store, "blob/"), keys);
    },
  },
  {
    name: "given keys of many scripts, when they are listed, then they come in the order of their code points",
    async run(subject) {
      const store = blobs(subject);
      await forEachOf(keysInOrder.toReversed(), (key) => store.upsert(key, key));
      assert.deepEqual(await keysOf(store), keysInOrder);
    },
  },
  {
    name: "given keys with odd characters, when blobs are written, read, listed and deleted, then each is its own",
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
    name: "given what cannot be a key or a name, when it is used, then InvalidKey",
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
