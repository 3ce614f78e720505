import * as assert from "uvu/assert";
import { MemoryRows } from "../../../providers/memory/stores/rows.ts";
import type { RowContent, RowKey } from "../../../src/provider-kit/rows.ts";
import { StepRows } from "../../../src/provider-kit/step-rows.ts";
import { ManualClock } from "../../../src/testing/manual-clock.ts";
import { suite } from "../../support/suite.ts";
import { throwsCode } from "../../support/throws.ts";

const test = suite("StepRows");
const key = (id: string, partition = ""): RowKey => ({ table: "t", partition, id });
const content = (etag: string): RowContent => ({ value: `value ${etag}`, etag, modified: 0 });
const all = { table: "t", partition: "", limit: 10 };

async function scene(...ids: string[]) {
  const base = new MemoryRows(new ManualClock());
  for (const id of ids) await base.write({ key: key(id), expect: "absent", content: content(`${id}1`) });
  return { base, step: new StepRows(base) };
}

test("a step reads its own writes, the rows below do not", async () => {
  const { base, step } = await scene("a", "b");
  await step.writeAtomically([
    { key: key("a"), expect: { etag: "a1" }, content: content("a2") },
    { key: key("b"), expect: "present", content: undefined },
    { key: key("c"), expect: "absent", content: content("c1") },
  ]);
  assert.equal(
    (await step.page(all)).map(({ etag }) => etag),
    ["a2", "c1"],
  );
  assert.equal(
    (await step.pageHeads(all)).map(({ id, size }) => [id, size]),
    [
      ["a", 8],
      ["c", 8],
    ],
  );
  assert.equal(
    [(await step.get(key("a")))?.value, await step.get(key("b")), (await step.head(key("c")))?.etag],
    ["value a2", undefined, "c1"],
  );
  assert.equal(
    (await base.page(all)).map(({ etag }) => etag),
    ["a1", "b1"],
  );
});

test("a conflicting write makes no change", async () => {
  const { step } = await scene("a");
  const conflict = await step.writeAtomically([
    { key: key("b"), expect: "absent", content: content("b1") },
    { key: key("a"), expect: "absent", content: content("a2") },
  ]);
  assert.equal(conflict, { key: key("a"), found: "a1" });
  assert.equal(step.changes().writes, []);
});

test("changes list the version of each read row, also of missing ones", async () => {
  const { step } = await scene("a", "b");
  await step.get(key("a"));
  await step.head(key("none"));
  await step.page(all);
  assert.equal(step.changes().seen, [
    { key: key("a"), etag: "a1" },
    { key: key("none"), etag: undefined },
    { key: key("b"), etag: "b1" },
  ]);
});

test("a blind write reads nothing and cannot conflict", async () => {
  const { step } = await scene("a");
  await step.write({ key: key("a"), expect: "any", content: content("a2") });
  await step.get(key("a"));
  assert.equal(step.changes().seen, []);
});

test("a blind write in a range reads nothing and cannot conflict", async () => {
  const { step } = await scene("a", "b");
  await step.write({ key: key("a"), expect: "any", content: content("a2") });
  await step.page(all);
  assert.equal(step.changes().seen, [{ key: key("b"), etag: "b1" }]);
});

test("a page with many own rows is full", async () => {
  const { step } = await scene("a");
  for (const id of ["b", "c", "d"]) await step.write({ key: key(id), expect: "any", content: content("own") });
  assert.equal(
    (await step.page({ ...all, limit: 2 })).map(({ id }) => id),
    ["a", "b"],
  );
});

test("a row that changed between two reads conflicts", async () => {
  const { base, step } = await scene("a");
  await step.get(key("a"));
  await base.write({ key: key("a"), expect: "any", content: content("a2") });
  await throwsCode("ConcurrencyConflict", () => step.get(key("a")));
  await throwsCode("ConcurrencyConflict", () => step.page(all));
  await throwsCode("ConcurrencyConflict", () => step.head(key("a")));
});

test("pages with own writes miss and repeat no row", async () => {
  const ids = Array.from({ length: 10 }, (_, n) => `r${n}`);
  const { step } = await scene(...ids);
  for (const id of ["r0", "r1", "r2", "r9"]) await step.write({ key: key(id), expect: "any", content: undefined });
  for (const id of ["r3", "r3x", "r5x", "z"])
    await step.write({ key: key(id), expect: "any", content: content("own") });
  const seen: string[] = [];
  for (let after: RowKey | undefined; ;) {
    const page = await step.page({ ...all, limit: 3, after });
    seen.push(...page.map(({ id }) => id));
    if (page.length < 3) break;
    after = page.at(-1);
  }
  assert.equal(seen, ["r3", "r3x", "r4", "r5", "r5x", "r6", "r7", "r8", "z"]);
});

test("own writes outside of bounds and partitions do not appear", async () => {
  const { step } = await scene("b");
  for (const one of [key("a"), key("c"), key("b", "other"), { ...key("b"), table: "another" }])
    await step.write({ key: one, expect: "any", content: content("own") });
  assert.equal(
    (await step.page({ ...all, from: "b", to: "c" })).map(({ id }) => id),
    ["b"],
  );
  assert.equal(
    (await step.page({ ...all, from: "a", to: "b" })).map(({ id }) => id),
    ["a"],
  );
  assert.equal(
    (await step.page({ table: "t", limit: 10 })).map(({ partition, id }) => `${partition}/${id}`),
    ["/a", "/b", "/c", "other/b"],
  );
});

test("a step that is over is InvalidState, with advice", async () => {
  const { step } = await scene("a");
  step.end();
  for (const use of [
    () => step.get(key("a")),
    () => step.head(key("a")),
    () => step.page(all),
    () => step.pageHeads(all),
    () => step.write({ key: key("a"), expect: "any", content: undefined }),
  ]) {
    assert.match((await throwsCode("InvalidState", use)).message, "hive.store(token)");
  }
});

test.run();
