import * as assert from "uvu/assert";
import { MemoryRows } from "../../../providers/memory/stores/rows.ts";
import { afterThisTurn } from "../../../src/base/clock.ts";
import type { RowContent, RowKey } from "../../../src/provider-kit/rows.ts";
import { StepRows } from "../../../src/provider-kit/step-rows.ts";
import { StepsUnderWay } from "../../../src/provider-kit/steps-under-way.ts";
import { ManualClock } from "../../../src/testing/manual-clock.ts";
import { suite } from "../../support/suite.ts";
import { throwsCode } from "../../support/throws.ts";

const test = suite("StepsUnderWay");
const key = (id: string): RowKey => ({ table: "t", partition: "", id });
const content = (etag: string): RowContent => ({ value: etag, etag, modified: 0 });
const turn = (): Promise<void> => new Promise((resolve) => afterThisTurn(resolve));

/** Two steps on committed rows, and commits that end when they are told. */
function scene() {
  const base = new MemoryRows(new ManualClock());
  const underWay = new StepsUnderWay();
  const [one, two] = [new StepRows(base, underWay), new StepRows(base, underWay)];
  const commit = (step: StepRows) => {
    let end = (_failure?: Error): void => {};
    const ended = new Promise<void>((resolve, reject) => {
      end = (failure) => (failure ? reject(failure) : resolve());
    });
    return { end, committed: underWay.commit(step.changes(), step.relied, () => ended) };
  };
  const write = async (step: StepRows, id: string, etag: string): Promise<void> => {
    await step.get(key(id));
    await step.write({ key: key(id), expect: "any", content: content(etag) });
  };
  return { base, one, two, commit, write };
}

test("a step waits for the one before it and reads its pending write", async () => {
  const { base, one, two, commit, write } = scene();
  await write(one, "a", "a1");
  const read = two.get(key("a"));
  const { committed, end } = commit(one);
  assert.is((await read)?.etag, "a1");
  assert.is(await base.get(key("a")), undefined);
  end();
  await committed;
  assert.equal([...two.relied].length, 1);
});

test("a step waits for a slow one no longer than a turn", async () => {
  const { one, two, write } = scene();
  await write(one, "a", "a1");
  let read = false;
  const reading = two.get(key("a")).then(() => (read = true));
  await Promise.resolve();
  assert.is(read, false);
  await turn();
  await reading;
  assert.is(read, true);
});

test("two steps that wait for each other both go on", async () => {
  const { one, two } = scene();
  await Promise.all([one.get(key("a")), two.get(key("b"))]);
  await Promise.all([one.get(key("b")), two.get(key("a"))]);
});

test("a discarded step lets the next one go on at once", async () => {
  const { one, two } = scene();
  await one.get(key("a"));
  let turned = false;
  afterThisTurn(() => (turned = true));
  const reading = two.get(key("a"));
  one.end();
  await reading;
  assert.is(turned, false);
});

test("a commit that would change a pending read collides at once", async () => {
  const { one, two, commit, write } = scene();
  await two.head(key("a"));
  await write(one, "a", "a1");
  const { committed, end } = commit(one);
  await throwsCode("ConcurrencyConflict", () => commit(two).committed);
  end();
  await committed;
});

test("a step that read an undone write collides before others read it", async () => {
  const { one, two, commit, write } = scene();
  await write(one, "a", "a1");
  const writing = write(two, "a", "a2");
  const { committed, end } = commit(one);
  await writing;
  end(new Error("no room"));
  await Promise.resolve(committed).catch(() => {});
  await throwsCode("ConcurrencyConflict", () => commit(two).committed);
});

test("a deleted row that is pending is gone for the next step", async () => {
  const { base, one, two, commit } = scene();
  await base.write({ key: key("a"), expect: "any", content: content("a1") });
  await one.delete([key("a")]);
  const { committed, end } = commit(one);
  assert.is(await two.get(key("a")), undefined);
  assert.equal(await two.page({ table: "t", partition: "", limit: 10 }), []);
  end();
  await committed;
});

test.run();
