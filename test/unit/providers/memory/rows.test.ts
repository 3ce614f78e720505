import * as assert from "uvu/assert";
import { MemoryRows } from "../../../../providers/memory/rows.ts";
import { ManualClock } from "../../../../src/testing/manual-clock.ts";
import { suite } from "../../../support/suite.ts";

const test = suite("memory: rows");

test("given rows that expire late, when others behind them expire soon, then those do not add up", async () => {
  const clock = new ManualClock();
  const rows = new MemoryRows(clock);
  const write = async (id: string, forMs: number): Promise<void> => {
    const content = { value: "1", etag: id, modified: clock.now(), expires: clock.now() + forMs };
    await rows.write([{ key: { table: "t", partition: "", id }, expect: "any", content }]);
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

test.run();
