import * as assert from "uvu/assert";
import { MemoryRows } from "../../../providers/memory/stores/rows.ts";
import type { RowKey } from "../../../src/provider-kit/rows.ts";
import { ManualClock } from "../../../src/testing/manual-clock.ts";
import { suite } from "../../support/suite.ts";

const test = suite("memory: rows");

test("rows that expire soon are removed behind late ones", async () => {
  const clock = new ManualClock();
  const rows = new MemoryRows(clock);
  const write = async (id: string, forMs: number): Promise<void> => {
    const content = { value: "1", etag: id, modified: clock.now(), expires: clock.now() + forMs };
    await rows.write({ key: { table: "t", partition: "", id }, expect: "any", content });
  };
  for (let n = 0; n < 50; n++) await write(`late ${n}`, 3_600_000);
  for (let n = 0; n < 1_000; n++) {
    await write(`soon ${n}`, 10);
    await clock.advance(20);
  }
  const kept = (await rows.page({ table: "t", limit: 10_000 })).map(({ id }) => id);
  assert.is(kept.filter((id) => id.startsWith("late")).length, 50);
  assert.ok(kept.length < 150, `${kept.length} rows are kept`);
});

test("a row rewritten without an expiry stays", async () => {
  const clock = new ManualClock();
  const rows = new MemoryRows(clock);
  const key = (id: string): RowKey => ({ table: "t", partition: "", id });
  const write = (id: string, expires?: number): Promise<unknown> =>
    rows.write({ key: key(id), expect: "any", content: { value: "1", etag: id, modified: 0, expires } });
  await write("a", clock.now() + 10);
  await write("a");
  await clock.advance(20);
  for (let n = 0; n < 10; n++) await write(`other ${n}`, clock.now() + 10);
  assert.is((await rows.get(key("a")))?.etag, "a");
});

test("a row removed and written again is listed once", async () => {
  const rows = new MemoryRows(new ManualClock());
  const key = (id: string): RowKey => ({ table: "t", partition: "p", id });
  const content = { value: "1", etag: "1", modified: 0 };
  const list = async (limit: number): Promise<string[]> => (await rows.page({ table: "t", limit })).map(({ id }) => id);
  for (const id of ["a", "b", "c"]) await rows.write({ key: key(id), expect: "absent", content });
  assert.equal(await list(2), ["a", "b"]);
  await rows.write({ key: key("b"), expect: "present", content: undefined });
  await rows.write({ key: key("b"), expect: "absent", content });
  assert.equal(await list(10), ["a", "b", "c"]);
});

test.run();
