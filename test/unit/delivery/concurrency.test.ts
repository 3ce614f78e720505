/** Etags of items, on a collection in memory. */
import * as assert from "uvu/assert";
import { MemoryProvider } from "../../../providers/memory/index.ts";
import type { CollectionStore, Identified } from "../../../src/contract/stores.ts";
import { suite } from "../../support/suite.ts";
import { throwsCode } from "../../support/throws.ts";

interface Order extends Identified {
  readonly id: string;
  readonly etag?: string | undefined;
  readonly state?: string;
}

const test = suite("Concurrency");
const orders = (): CollectionStore<Order> => new MemoryProvider().stores.collection<Order>("Orders");

test("a write without an etag has no conflict", async () => {
  const store = orders();
  await store.insert({ id: "1", state: "new" });
  await store.update({ id: "1", state: "paid" });
  assert.is((await store.get("1")).state, "paid");
});

test("a write with the current etag has no conflict", async () => {
  const store = orders();
  const { etag } = await store.insert({ id: "1", state: "new" });
  await store.update({ id: "1", etag, state: "paid" });
  assert.is((await store.get("1")).state, "paid");
});

test("a write with another etag names the item in ConcurrencyConflict", async () => {
  const store = orders();
  const { etag } = await store.insert({ id: "1", state: "new" });
  const error = await throwsCode("ConcurrencyConflict", () => store.update({ id: "1", etag: `${etag}x` }));
  assert.match(error.message, /"1" in collection\/Orders changed since it was read; read it again/);
  assert.is((await store.get("1")).state, "new");
});

test("a write of a deleted item says so in ConcurrencyConflict", async () => {
  const store = orders();
  const read = await store.insert({ id: "1" });
  await store.delete("1");
  assert.match(
    (await throwsCode("ConcurrencyConflict", () => store.update(read))).message,
    "was deleted since it was read",
  );
});

test("a loop of read and update loses no change", async () => {
  const store = orders();
  await store.insert({ id: "1", state: "" });
  await Promise.all(
    ["a", "b", "c", "d"].map(async (letter) => {
      for (;;) {
        const read = await store.get("1");
        try {
          return await store.update({ ...read, state: `${read.state}${letter}` });
        } catch {
          // Another write was faster: read again.
        }
      }
    }),
  );
  assert.is(((await store.get("1")).state ?? "").split("").sort().join(""), "abcd");
});

test.run();
