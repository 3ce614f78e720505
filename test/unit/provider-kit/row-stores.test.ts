/** The stores on rows, when time passes or another write interferes. */
import * as assert from "uvu/assert";
import { MemoryProvider } from "../../../providers/memory/index.ts";
import { MemoryRows } from "../../../providers/memory/stores/rows.ts";
import { onceKeptMs } from "../../../src/provider-kit/counter.ts";
import { RowStores } from "../../../src/provider-kit/row-stores/index.ts";
import { compareIds, headOf, type AtomicRows } from "../../../src/provider-kit/rows.ts";
import { ManualClock } from "../../../src/testing/manual-clock.ts";
import { suite } from "../../support/suite.ts";
import { throwsCode } from "../../support/throws.ts";

const test = suite("stores on rows");
const day = 24 * 60 * 60 * 1_000;

/** Stores on rows with an interruption between a read and the following write. */
function scene() {
  const clock = new ManualClock();
  const rows = new MemoryRows(clock);
  let between: (() => Promise<unknown>) | undefined;
  const interrupt = async (): Promise<void> => {
    const work = between;
    between = undefined;
    await work?.();
  };
  const interrupted: AtomicRows = {
    get: (key) => rows.get(key),
    head: (key) => rows.head(key),
    page: (range) => rows.page(range),
    pageHeads: (range) => rows.pageHeads(range),
    delete: (keys) => rows.delete(keys),
    async write(change) {
      await interrupt();
      return rows.write(change);
    },
    async writeAtomically(changes) {
      await interrupt();
      return rows.writeAtomically(changes);
    },
  };
  return {
    clock,
    rows,
    stores: new RowStores(interrupted, clock),
    others: new RowStores(rows, clock),
    beforeTheNextWrite: (work: () => Promise<unknown>) => (between = work),
  };
}

test("deleteList ends although others delete its items", async () => {
  const { stores, others, beforeTheNextWrite } = scene();
  const carts = stores.keyedList<{ id: string }>("Carts");
  for (const id of ["a", "b", "c"]) await carts.insert("open", "1", { id });
  beforeTheNextWrite(() => others.keyedList("Carts").delete("open", "1", "b"));
  await carts.deleteList("open", "1");
  assert.is(await carts.listExists("open", "1"), false);
});

test("a lock that another took during a renewal is lost, the other stays", async () => {
  const { clock, rows, stores, beforeTheNextWrite } = scene();
  const lock = await stores.locks.tryLock("till", { ttl: 3_000 });
  beforeTheNextWrite(async () => {
    const late = { now: () => clock.now() + 3_000, after: clock.after.bind(clock) };
    const other = await new RowStores(rows, late).locks.tryLock("till", { ttl: 60_000 });
    assert.ok(other);
  });
  await clock.advance(1_000);
  assert.is((lock?.signal.reason as { code?: unknown } | undefined)?.code, "LockLost");
});

test("the fencing token of a forgotten lock still grows", async () => {
  const clock = new ManualClock();
  const { locks } = new MemoryProvider({ clock }).stores;
  const take = async (resource: string): Promise<number> => {
    const lock = await locks.tryLock(resource);
    await lock?.release();
    return lock?.fencingToken ?? 0;
  };
  let last = 0;
  for (let n = 0; n < 5; n++) last = await take("till");
  await clock.advance(2 * day);
  for (let n = 0; n < 5; n++) await take(`another ${n}`);
  assert.ok((await take("till")) > last);
});

test("an expired idempotency key counts again", async () => {
  const clock = new ManualClock();
  const { counters } = new MemoryProvider({ clock }).stores;
  const once = "event-1";
  await counters.increment("stock", "a", 1, { once });
  await clock.advance(onceKeptMs - 1);
  assert.is(await counters.increment("stock", "a", 1, { once }), 1);
  await clock.advance(1);
  assert.is(await counters.increment("stock", "a", 1, { once }), 2);
});

test("a delta that is no whole number is refused, also below the minimum", async () => {
  const { counters } = new MemoryProvider().stores;
  await throwsCode("InvalidKey", () => counters.increment("stock", "a", -0.5, { min: 0 }));
});

test("later changes of bytes do not change a blob", async () => {
  const blobs = new MemoryProvider().stores.keyValue("Blobs");
  const bytes = Uint8Array.of(1, 2, 3);
  await blobs.insert("a", bytes);
  bytes.fill(9);
  (await blobs.get("a")).body.fill(8);
  assert.equal([...(await blobs.get("a")).body], [1, 2, 3]);
});

test("sizes are in bytes", () => {
  assert.is(headOf({ table: "t", partition: "", id: "a", value: "é😀", etag: "1", modified: 0 }).size, 6);
});

test("a prefix sorts before the longer id", () => {
  assert.ok(compareIds("a", "ab") < 0 && compareIds("ab", "a") > 0 && compareIds("a", "a") === 0);
});

test("a foreign value in a row is refused by name, not quoted", async () => {
  const { rows, stores } = scene();
  const leave = (table: string, id: string, value: string) =>
    rows.write({ key: { table, partition: "", id }, expect: "any", content: { value, etag: "e", modified: 0 } });
  await leave("collection/Orders", "1", "secret {");
  await leave("counter/Stock", "lamp", "many");
  const orders = stores.collection("Orders");
  const attempts = [
    () => orders.get("1"),
    () => orders.all()[Symbol.asyncIterator]().next(),
    () => stores.counters.get("Stock", "lamp"),
    () => stores.counters.increment("Stock", "lamp", 1),
  ];
  for (const attempt of attempts) {
    const { message } = await throwsCode("InvalidItem", attempt);
    assert.match(message, /^"(1|lamp)" in .* cannot be read: it is (not JSON, wrong at|no safe integer)/);
    assert.not.match(message, "secret");
  }
  await orders.upsert({ id: "1" });
  assert.is((await orders.get("1")).id, "1");
});

test("a lock whose row was spoilt is free", async () => {
  for (const value of ["no JSON", "null", "7", "{}", '{"fencingToken":"a","until":9e15}', '{"fencingToken":1}']) {
    const { rows, stores } = scene();
    const content = { value, etag: "e", modified: 0 };
    await rows.write({ key: { table: "lock", partition: "", id: "till" }, expect: "any", content });
    const lock = await stores.locks.tryLock("till", { ttl: 1_000 });
    assert.ok(lock, value);
    assert.is(await stores.locks.tryLock("till"), undefined);
    await lock.release();
  }
});

test("a wait for a lock ends when the provider is closed", async () => {
  const { clock, stores } = scene();
  const lock = await stores.locks.tryLock("till", { ttl: 1_000 });
  const waiting = throwsCode("InvalidState", () => stores.locks.tryLock("till", { wait: Infinity }));
  await clock.advance(10_000);
  stores.close();
  await clock.advance(100);
  assert.match((await waiting).message, /closed during the wait for the lock on "till"/);
  assert.ok(lock?.signal.aborted);
});

test.run();
